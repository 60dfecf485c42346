from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from labkit.backends.docker_stream import HEAD, KEEP, Demultiplexer

frames = st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=300)), max_size=8)


@given(frames, st.integers(1, 50))
def test_streams_are_told_apart_however_the_bytes_are_torn(
    sent: list[tuple[int, bytes]], size: int
) -> None:
    wire = b"".join(HEAD.pack(stream, len(content)) + content for stream, content in sent)
    taken_apart = Demultiplexer()
    output = b"".join(taken_apart.feed(wire[at : at + size]) for at in range(0, len(wire), size))
    assert output == b"".join(content for stream, content in sent if stream == 1)
    assert taken_apart.stderr == b"".join(c for stream, c in sent if stream == 2)[-KEEP:]


def test_only_the_end_of_a_long_standard_error_is_kept() -> None:
    taken_apart = Demultiplexer()
    taken_apart.feed(HEAD.pack(2, KEEP + 3) + b"abc" + b"x" * KEEP)
    assert taken_apart.stderr == b"x" * KEEP
