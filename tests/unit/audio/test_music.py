"""Music on hold is heard, does not clip, can be repeated, and differs by style."""

from __future__ import annotations

import numpy as np
import pytest

from ringcast.audio.music import STYLES, hold_music


@pytest.mark.parametrize("style", sorted(STYLES))
def test_style_is_some_seconds_of_music_at_the_level_of_speech(style: str) -> None:
    music = hold_music(style).astype(float)

    assert 12 < len(music) / 8000 < 30
    assert 4000 < np.max(np.abs(music)) < 6000
    seconds = music[: len(music) // 8000 * 8000].reshape(-1, 8000)
    assert np.min(np.sqrt(np.mean(seconds**2, axis=1))) > 200  # never silent for a second
    assert abs(music[-1] - music[0]) < 1500  # its end leads into its beginning


def test_styles_sound_different() -> None:
    found = {hold_music(style).tobytes() for style in STYLES}

    assert len(found) == len(STYLES)


def test_unknown_style_is_refused() -> None:
    with pytest.raises(ValueError, match="no music of style 'polka'"):
        hold_music("polka")
