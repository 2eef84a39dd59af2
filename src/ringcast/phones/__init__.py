"""A simulated carrier and its telephones: real SIP and RTP, behaviour scripted by number."""
