"""How well detection does on a corpus of labelled calls, made here, and what it costs.

python -m bench.detection corpus      make the calls (a few minutes; later runs find them)
python -m bench.detection evaluate    confusion, latencies and beeps on the held-out part
python -m bench.detection train       make the model anew from the training part
python -m bench.detection cost        CPU per stream; streams that a core carries
"""
