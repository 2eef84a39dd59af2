"""Who has answered: a person, a machine or a fax; and when a machine's greeting is over.

`spectrum` → `tones` and `speech` → `verdicts`, each vectorised over all streams; `state` is what is
remembered of them, `model` what was learned from the corpus of `bench/detection`.

A machine is listened to on: `GreetingEnded` comes at the end of each beep, and after speech that
was followed by `greeting_end` of silence. Somebody may speak again after it (a pause in a
greeting): then it comes again. What was taken for a machine may turn out to be call screening; all
other verdicts are final.
"""

from ringcast.audio.detection.detector import Detector, detect
from ringcast.audio.detection.settings import (
    FRAME_SECONDS,
    AnswerKind,
    Classified,
    DetectionSettings,
    GreetingEnded,
    Heard,
    Leaning,
)
from ringcast.audio.detection.spectrum import FRAME
from ringcast.audio.detection.timeline import Timeline, timeline

__all__ = [
    "FRAME",
    "FRAME_SECONDS",
    "AnswerKind",
    "Classified",
    "DetectionSettings",
    "Detector",
    "GreetingEnded",
    "Heard",
    "Leaning",
    "Timeline",
    "detect",
    "timeline",
]
