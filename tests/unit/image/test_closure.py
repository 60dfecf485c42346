from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.errors import ImageError, UsageError
from labkit.image.catalogue import Catalogue, Relation
from labkit.image.closure import BASE, closure, package_names
from labkit.image.suites import Index

MIRROR = "http://mirror.example.org/debian"


def paragraph(name: str, version: str = "1.0", **fields: str) -> str:
    lines = {"Package": name, "Version": version, "Filename": f"pool/{name}.deb", "Size": "7"}
    lines |= {"SHA256": "a" * 64} | {key.replace("_", "-"): text for key, text in fields.items()}
    return "".join(f"{key}: {text}\n" for key, text in lines.items())


def catalogue(*paragraphs: str, updates: str = "") -> Catalogue:
    text = "\n".join([*map(paragraph, BASE), *paragraphs])
    return Catalogue([Index(MIRROR, part.encode(), "") for part in (text, updates)])


def names(*wanted: str, of: Catalogue) -> list[str]:
    return [name for name in closure(wanted, of) if name not in BASE]


def test_what_a_package_needs_is_taken_and_what_that_needs() -> None:
    known = catalogue(
        paragraph("tool", Depends="libx (>= 1), data", Pre_Depends="early", Recommends="manual"),
        paragraph("libx", Depends="liby:any"),
        *map(paragraph, ("liby", "data", "early", "manual", "other")),
    )
    assert names("tool", of=known) == ["data", "early", "libx", "liby", "tool"]


def test_the_first_alternative_that_can_be_had() -> None:
    known = catalogue(paragraph("tool", Depends="gone | old (>= 2) | there"), paragraph("old"))
    with pytest.raises(ImageError, match="needs gone or old"):
        closure(["tool"], known)
    known = catalogue(paragraph("tool", Depends="gone | there | later"), paragraph("there"))
    assert names("tool", of=known) == ["there", "tool"]


def test_a_package_that_was_asked_for_is_as_good_as_the_first_alternative() -> None:
    known = catalogue(
        paragraph("tool", Depends="mawk | awk"),
        paragraph("mawk"),
        paragraph("gawk", Provides="awk"),
    )
    assert names("tool", of=known) == ["mawk", "tool"]
    assert names("tool", "gawk", of=known) == ["gawk", "tool"]


def test_what_is_provided_without_a_version_fits_no_relation_with_one() -> None:
    bare = catalogue(paragraph("tool", Depends="api (>= 1)"), paragraph("lib", Provides="api"))
    with pytest.raises(ImageError, match=r"needs api \(>= 1\)"):
        closure(["tool"], bare)
    versioned = paragraph("lib", Provides="api (= 2)")
    known = catalogue(paragraph("tool", Depends="api (>= 1)"), versioned)
    assert names("tool", of=known) == ["lib", "tool"]


def test_a_security_update_is_taken() -> None:
    known = catalogue(paragraph("tool", "1.0"), updates=paragraph("tool", "1.0+deb12u1"))
    assert closure(["tool"], known)["tool"].version == "1.0+deb12u1"


def test_packages_that_exclude_each_other_are_told() -> None:
    known = catalogue(paragraph("one", Conflicts="server"), paragraph("two", Provides="server"))
    with pytest.raises(ImageError, match="one and two cannot be in one image"):
        closure(["one", "two"], known)
    own = catalogue(paragraph("one", Provides="server", Conflicts="server"))
    assert names("one", of=own) == ["one"]


def test_a_package_that_is_not_there_is_told_with_what_was_meant() -> None:
    with pytest.raises(ImageError, match="no package ngnix") as caught:
        closure(["ngnix"], catalogue(paragraph("nginx")))
    assert caught.value.resolution == "did you mean: nginx?"


@pytest.mark.parametrize("name", ["", "x", "Nginx", "../etc", "a b", "a=1.0", "-y", "fio;ls"])
def test_what_is_no_name_of_a_package(name: str) -> None:
    with pytest.raises(UsageError, match="no name of a Debian package"):
        package_names([name])


def test_names_are_in_order_and_each_once() -> None:
    assert package_names(["redis-server", "fio", "fio"]) == ("fio", "redis-server")


@pytest.mark.parametrize(
    ("operator", "fits"),
    [("<<", "1.0~rc1"), ("<=", "1.0"), ("=", "1.0"), (">=", "1:0.1"), (">>", "1.0+b1")],
)
def test_versions_are_compared_as_debian_does(operator: str, fits: str) -> None:
    assert Relation("tool", operator, "1.0").fits(fits)
    strict = operator in ("<<", ">>")
    assert Relation("tool", operator, "1.0").fits("1.0") is not strict


graphs = st.dictionaries(
    st.integers(0, 9), st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=3), max_size=3)
)


@given(graphs, st.sets(st.integers(0, 9), min_size=1, max_size=3))
def test_a_closure_holds_what_each_of_its_packages_needs_and_no_stranger(
    graph: dict[int, list[list[int]]], wanted: set[int]
) -> None:
    """Circles among them, too: Debian has some."""
    groups = {number: graph.get(number, []) for number in range(10)}
    known = catalogue(
        *(
            paragraph(
                f"p{number}",
                Depends=", ".join(" | ".join(f"p{one}" for one in group) for group in needs),
            )
            for number, needs in groups.items()
        )
    )
    found = {int(name[1:]) for name in names(*(f"p{number}" for number in wanted), of=known)}
    assert wanted <= found
    for number in found:
        assert all(found & set(group) for group in groups[number])
    needed = {one for number in found for group in groups[number] for one in group}
    assert found <= wanted | needed
