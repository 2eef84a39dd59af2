"""What people, machines and assistants say when they answer.

A text belongs to one part of the corpus only: see `split_of`. Names, firms and numbers that fill
`{n}`, `{c}` and `{d}` are split in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Final

__all__ = [
    "FIRMS",
    "GREETINGS",
    "HELLOS",
    "LONG_HELLOS",
    "MAILBOX_FULL",
    "MEDIUM_HELLOS",
    "NAMES",
    "NUMBERS",
    "OPENINGS",
    "SCREENING",
    "UNOBTAINABLE",
]

Texts = list[tuple[str, str]]
"""Language and text."""


def _all(texts: Mapping[str, Sequence[str]]) -> Texts:
    return [(language, text) for language, some in texts.items() for text in some]


def _built(count: int, *parts: Sequence[str], language: str = "en") -> Texts:
    """Return so many texts, each of one choice for every part, spread over all there are."""
    total = prod(len(part) for part in parts)
    texts = []
    for place in range(count):
        number = (place * 7919 + 13) % total
        words = []
        for part in parts:
            number, choice = divmod(number, len(part))
            words.append(part[choice])
        texts.append((language, " ".join(" ".join(words).split())))
    return list(dict.fromkeys(texts))


NAMES: Final = (
    "Anna Miller", "Robert", "Kate", "John Smith", "Maria", "Peter Baker", "the Johnsons",
    "Susan", "Michael Brown", "Linda", "David Clark", "Laura", "James Wilson", "Emma",
    "the Garcia family", "Tom", "Jennifer Adams", "Frank", "Olivia Turner", "Paul and Mary",
    "Daniel", "Rebecca Stone", "Steve", "Nancy Hill", "George", "Alice Cooper", "Martin",
    "Doctor Lee", "Helen", "Chris Walker",
)  # fmt: skip
FIRMS: Final = (
    "Green and Sons", "City Dental", "Lakeside Motors", "Miller Insurance", "the Corner Bakery",
    "Northern Electric", "Sunrise Travel", "Oak Street Clinic", "Baker Legal", "Pine Hotel",
    "Riverside School", "Apollo Plumbing", "the Garden Centre", "Hill Pharmacy", "Blue Taxi",
)  # fmt: skip
NUMBERS: Final = (
    "5 5 5, 0 1 4 2", "2 1 3, 5 5 5, 0 1 0 0", "5 5 5, 0 1 7 7", "3 1 2, 5 5 5, 0 1 9 8",
    "4 1 5, 5 5 5, 0 1 6 3", "5 5 5, 0 1 0 9",
)  # fmt: skip

HELLOS: Final = _all({
    "en": [
        "Hello?", "Hello.", "Hi?", "Yes?", "Hey.", "Yeah?", "Yes, hello?", "Hello, hello?",
        "Good morning.", "Good afternoon.", "Hi there.", "{n}.", "Speaking.", "Who is this?",
        "Hi, {n} here.", "This is {n}.", "Yeah, hello?", "Hello, this is {n}.", "Yep.", "Hi, yes?",
        "{n} speaking.", "Hey, what's up?", "Morning.", "Hello, who's calling?", "Oh, hi.",
        "Good evening.", "Um, hello?", "{c}.",
    ],
    "es": ["¿Hola?", "¿Diga?", "¿Bueno?", "Sí, ¿dígame?", "¿Aló?", "Dígame.", "¿Sí?", "Buenos días."],
    "fr": ["Allô?", "Oui, allô?", "Bonjour.", "Oui?", "Allô, oui?", "Oui, bonjour."],
    "de": ["Hallo?", "Ja?", "Ja, bitte?", "Müller.", "Schmidt, guten Tag.", "Ja, hallo?"],
    "it": ["Pronto?", "Sì, pronto?", "Sì?", "Pronto, chi parla?"],
    "pt-br": ["Alô?", "Oi?", "Pronto.", "Alô, quem fala?"],
    "nl": ["Hallo?", "Met Jansen.", "Ja, hallo?"],
    "pl": ["Halo?", "Tak, słucham?", "Słucham."],
    "sv": ["Hallå?", "Ja, hallå?", "Anders."],
})  # fmt: skip
"""A word or a few."""

MEDIUM_HELLOS: Final = _all({
    "en": [
        "Hello, {n} speaking, who is this?", "Good morning, {c}.", "{c}, this is {n}.",
        "Hi, this is {n}, how are you?", "Good afternoon, this is {n} speaking.",
        "Hello, yes, this is {n}, who's there?", "{c}, can I help you?", "{c}, how can I help?",
        "Hello? Sorry, I was in the kitchen.", "Hi, you've got {n}, what's up?",
        "Yes, hello, can you hear me?", "Hello? Hello, is anybody there?", "Thanks for calling {c}.",
        "Hey, I'm driving right now, who is it?", "Good evening, {n} residence.",
    ],
    "es": ["Hola, habla María, ¿quién es?", "Buenas tardes, ¿en qué puedo ayudarle?", "Sí, hola, ¿con quién hablo?"],
    "fr": ["Bonjour, cabinet Durand, j'écoute.", "Allô, bonjour, qui est à l'appareil?"],
    "de": ["Schmidt am Apparat, guten Tag.", "Autohaus Weber, guten Morgen.", "Hallo, wer ist denn da?"],
    "it": ["Pronto, buongiorno, chi parla?", "Studio Rossi, buongiorno."],
    "pt-br": ["Alô, bom dia, quem está falando?"],
    "nl": ["Goedemorgen, met Peter de Vries."],
}) + _built(
    80,
    ["Hello,", "Hi,", "Good morning,", "Good afternoon,", "Yes, hello,", "Hey,", "Good evening,"],
    ["this is {n},", "{n} speaking,", "{n} here,", "you've got {n},", "it's {n},"],
    ["who's calling?", "who is this?", "can I help you?", "how are you?", "what's up?", "yes?"],
)  # fmt: skip
"""About two seconds."""

LONG_HELLOS: Final = _all({
    "en": [
        "Good morning, this is {n} speaking, what can I do for you today?",
        "{c}, good afternoon, you are speaking with {n}, how may I help you?",
        "Thank you for calling {c}, my name is {n}, how can I help you?",
        "Hello, {c}, {n} speaking, what can I do for you?",
        "Good afternoon, thanks for calling {c}, this is {n}.",
        "Hello? Yes, this is {n}. I can't hear you very well, who is it?",
    ],
    "es": ["Buenos días, gracias por llamar a la clínica, ¿en qué puedo ayudarle?"],
    "fr": ["Cabinet du docteur Martin, bonjour, que puis-je faire pour vous?"],
    "de": ["Firma Becker und Söhne, mein Name ist Klein, was kann ich für Sie tun?"],
    "nl": ["Goedemiddag, garage van Dijk, u spreekt met Karin, waarmee kan ik helpen?"],
    "it": ["Buongiorno, studio dentistico Bianchi, sono Lucia, come posso aiutarla?"],
}) + _built(
    60,
    ["Thank you for calling {c},", "Good morning, {c},", "Good afternoon, {c},", "Hello, {c},",
     "Thanks for calling {c},"],
    ["this is {n},", "my name is {n},", "{n} speaking,", "you are speaking with {n},"],
    ["how can I help you?", "how may I help you today?", "what can I do for you?",
     "may I help you?", "how may I direct your call?"],
)  # fmt: skip
"""Three seconds and more: firms, mostly."""

OPENINGS: Final = _all({
    "en": ["Hello.", "Hi.", "Hi there.", "Hey.", "Hello!", "Good day."],
    "es": ["Hola.", "Buenos días."], "fr": ["Bonjour."], "de": ["Hallo.", "Guten Tag."],
    "it": ["Salve."], "pt-br": ["Olá."], "nl": ["Hallo."],
})  # fmt: skip
"""How some machines begin, before a pause."""

GREETINGS: Final = _all({
    "en": [
        "Hi, you have reached {n}. We cannot come to the phone right now. Please leave a message after the tone.",
        "This is {n}, please leave a message.",
        "You have reached the voice mail of {n}. I am not available. Please leave a message.",
        "Your call has been forwarded to an automatic voice message system. {d} is not available. At the tone, please record your message. When you have finished recording, you may hang up, or press one for more options.",
        "Hi, it's {n}. I can't take your call, so leave me a message and I'll get back to you.",
        "Hello, this is {n}. I'm either away from my desk or on another line. Please leave your name and number.",
        "Thank you for calling {c}. Our office is closed. Our hours are nine to five, Monday to Friday. Please leave a message after the beep.",
        "The person you are trying to reach is not available. Please leave your message after the tone.",
        "Hey, this is {n}. You know what to do.",
        "Hi, this is {n}. Leave a message after the beep and have a great day.",
        "You've reached {d}. Nobody is home. Leave your name, number and a short message.",
        "Sorry I missed your call. Please leave your name and your number and I will call you back as soon as I can.",
        "The customer you have dialled cannot take your call at present. To leave a message, please speak after the tone.",
        "Welcome to the voice mail of {n}. Please speak after the tone. To end your message, press the hash key or just hang up.",
        "Please leave a message for {n} after the tone.",
        "Hi, {n} here. I'm not able to answer right now. If it's urgent, send me a text. Otherwise leave a message. Thanks, bye.",
        "Thank you for calling {c}. All of us are with other customers at the moment. Please leave a message, and one of us will call you back.",
        "{n} is not available. Record your message at the tone.",
        "Hello. You have reached {n}. We're busy right now. Please leave a message and we will return your call. Thank you.",
        "At the tone, please record your message.",
        "We're sorry, but the person you called has a voice mailbox that has not been set up yet. Please try your call again later.",
        "This is the answering machine of {n}. Please speak now, after the signal.",
        "Hi, you've reached my cell phone. I don't check this very often, but leave a message and I'll try to call you back.",
        "You have reached {c}. For directions, visit our web site. To leave a message, wait for the tone.",
        "Hi there! We're out having fun, so leave us a message! Thank you and good bye!",
        "The mobile phone you are calling is switched off or not reachable. Please leave a message after the tone.",
        "You are through to the office of {c}. There is nobody here to take your call. Please leave your details after the beep.",
        "Good day. This is {n}, I am on holiday until the end of the month. Please contact my colleague, or leave a message.",
        "No one is available to take your call. Please leave a message after the tone.",
        "Hey, it's {n}, I can't get to the phone, leave one.",
    ],
    "es": [
        "Hola, en este momento no puedo atender su llamada. Por favor, deje su mensaje después de la señal.",
        "Ha llamado al buzón de voz de María López. Deje su mensaje después del tono, gracias.",
        "Gracias por llamar. Nuestro horario de atención es de nueve a seis. Deje su nombre y su número y le llamaremos.",
        "El número que usted marcó no está disponible. Después del tono, grabe su mensaje.",
        "Hola, soy Carlos, deja tu mensaje.",
        "El teléfono al que llama está apagado o fuera de cobertura. Deje su mensaje después de oír la señal.",
    ],
    "fr": [
        "Bonjour, vous êtes bien sur le répondeur de Paul et Julie. Laissez-nous un message après le bip sonore.",
        "Votre correspondant n'est pas disponible pour le moment. Veuillez laisser un message après le signal.",
        "Bonjour, je ne suis pas là pour l'instant, laissez un message et je vous rappellerai.",
        "Vous êtes sur la messagerie vocale du zéro six, douze, trente-quatre. Laissez votre message après le bip.",
    ],
    "de": [
        "Hallo, hier ist der Anrufbeantworter von Familie Weber. Bitte hinterlassen Sie eine Nachricht nach dem Signalton.",
        "Der gewünschte Gesprächspartner ist zurzeit nicht erreichbar. Bitte sprechen Sie nach dem Ton.",
        "Guten Tag, Sie haben die Praxis von Doktor Klein erreicht. Zurzeit ist niemand da. Bitte rufen Sie später wieder an.",
        "Hier ist die Mailbox von Thomas. Nachrichten bitte nach dem Piep.",
    ],
    "it": [
        "Ciao, al momento non posso rispondere. Lasciate un messaggio dopo il segnale acustico.",
        "Il cliente da lei chiamato non è al momento raggiungibile. La preghiamo di lasciare un messaggio.",
        "Segreteria telefonica di Mario Rossi, lasciate il vostro messaggio, grazie.",
    ],
    "pt-br": [
        "Olá, você ligou para a Ana. No momento não posso atender. Deixe seu recado após o sinal.",
        "Sua chamada está sendo encaminhada para a caixa postal. Deixe sua mensagem após o sinal.",
        "O número chamado não está disponível. Grave seu recado após o bip.",
    ],
    "nl": [
        "Hallo, dit is de voicemail van Karin. Spreek een bericht in na de piep, dan bel ik terug.",
        "U bent verbonden met garage van Dijk. Wij zijn nu gesloten. Spreek uw naam en nummer in na de toon.",
    ],
}) + _built(
    150,
    ["Hi, you have reached {n}.", "You've reached the voice mail of {n}.", "Hello, this is {n}.",
     "Hi, this is {n}.", "Thank you for calling {c}.", "You have reached {c}.",
     "This is the answering machine of {n}.", "Your call has been forwarded to voice mail.",
     "You have reached {d}.", "Hello, you've reached the {c} office.", "Hi, it's {n}.",
     "{n} is not available right now.", "Welcome to the mailbox of {n}."],
    ["I'm not here right now.", "I can't come to the phone.", "We are not able to take your call.",
     "Our office is closed.", "Nobody is available at the moment.", "I'm on another line.",
     "I'm away from my desk.", "We're out at the moment.", "Sorry I missed you.", "", ""],
    ["Please leave a message after the tone.", "Leave your name and number.",
     "Please leave your name, your number and a short message.", "Record your message at the tone.",
     "Leave a message after the beep.", "Please leave a message.", "To leave a message, wait for the tone.",
     "Please speak after the signal."],
    ["", "", "Thank you.", "I'll call you back.", "We will return your call as soon as we can.",
     "Thanks, bye.", "Have a great day."],
) + _built(
    24,
    ["Hola, ha llamado a María López.", "Este es el buzón de voz de Carlos.", "Gracias por llamar."],
    ["En este momento no puedo contestar.", "Ahora no estamos disponibles.", ""],
    ["Deje su mensaje después del tono.", "Por favor, deje su nombre y su número.", "Grabe su mensaje después de la señal."],
    language="es",
) + _built(
    18,
    ["Bonjour, vous êtes bien chez Paul.", "Vous êtes sur le répondeur de Julie.", "Bonjour, ici la messagerie de Marc."],
    ["Je ne peux pas vous répondre.", "Nous sommes absents pour le moment.", ""],
    ["Laissez un message après le bip.", "Veuillez laisser votre nom et votre numéro.", "Laissez-moi un message, merci."],
    language="fr",
) + _built(
    18,
    ["Hallo, hier ist die Mailbox von Thomas.", "Guten Tag, Sie haben Familie Klein erreicht.", "Hier ist der Anrufbeantworter von Anna."],
    ["Wir sind gerade nicht da.", "Ich bin zurzeit nicht erreichbar.", ""],
    ["Bitte hinterlassen Sie eine Nachricht nach dem Ton.", "Sprechen Sie bitte nach dem Signalton.", "Bitte nennen Sie Namen und Nummer."],
    language="de",
)  # fmt: skip

SCREENING: Final = _all({
    "en": [
        "Hi. If you record your name and reason for calling, I will see if this person is available.",
        "Hi, the person you are calling is using a screening service, and will get a copy of this conversation. Go ahead and say your name, and why you are calling.",
        "Before I try to connect you, please state your name and the reason for your call.",
        "Please say your name and why you're calling, and I will find out if {n} can talk.",
        "This call is being screened. Please state your name and what your call is about, then stay on the line.",
        "Hello. To reach {n}, say your name after which I will try to connect you.",
        "The person you have called asks who is calling. Please say your name and stay on the line.",
        "Hi, I'm an assistant that answers for {n}. May I ask who is calling, and what it is about?",
        "The number you have called accepts known callers only. Record your name and reason for calling, and I will see if they are available.",
        "Hi. Please record your name and the reason for calling. I'll see if this person can take your call.",
        "You're talking to a call assistant. Say your name and why you are calling, and I will check if the person is available. Please stay on the line.",
        "Please state your name, and your call will be connected if the person you are calling accepts it.",
    ],
}) + _built(
    120,
    ["", "Hi.", "Hello.", "Hi there."],
    ["The person you are calling uses a call screening service.", "This call is being screened.",
     "I'm an assistant that answers for {n}.", "You are speaking with a call assistant.", "",
     "{n} asks who is calling.", "This person accepts known callers only."],
    ["Please say your name and why you are calling.", "Record your name and reason for calling.",
     "Please state your name and the reason for your call.", "Tell me your name and what it is about.",
     "May I ask who is calling, and what it is about?", "If you state your name and the reason for your call,",
     "Go ahead and say your name, and why you're calling."],
    ["I will see if this person is available.", "Please stay on the line.",
     "I will find out if they can talk.", "I will try to connect you.", "",
     "Then I'll see if they can take your call."],
)  # fmt: skip

MAILBOX_FULL: Final = _all({
    "en": [
        "The mailbox is full and cannot accept any messages at this time. Goodbye.",
        "The mailbox you have reached is full. Please try again later. Good bye.",
        "This mailbox cannot take any more messages. Thank you for calling.",
        "The subscriber's mailbox is full. Your message cannot be recorded. Good bye.",
    ],
})  # fmt: skip

UNOBTAINABLE: Final = _all({
    "en": [
        "We're sorry, you have reached a number that has been disconnected or is no longer in service.",
        "Your call cannot be completed as dialled. Please check the number and dial again.",
        "The number you have dialled is not in service. Please check the number and try again.",
        "All circuits are busy now. Please hang up and try your call again later.",
    ],
})  # fmt: skip
