"""REST's flat parameters as the tree that the same request is in SOAP.

Containers have no names of their own in REST: their members are parameters. Lists come in all the
spellings that the vendor's clients have: `Name` repeated, `Name[0]`, `Name[]`, and several values
in one, separated by commas or spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ringcast.apis.callfire_1_1.data_types import CONTACT, TO_NUMBER
from ringcast.apis.callfire_1_1.given import TEXT, Tree, TreeValue
from ringcast.apis.callfire_1_1.schema import Choice, Complex, Kind, ListOf, Member, Simple
from ringcast.apis.callfire_1_1.values import Value, parse_value
from ringcast.domain.errors import InvalidInput

__all__ = ["Parameters", "read_parameters", "take_path"]

_NAME = re.compile(r"([^\[\]]{1,64})((?:\[[^\[\]]{0,64}\])*)")
_SUBSCRIPT = re.compile(r"\[([^\[\]]*)\]")
_SEPARATORS = re.compile(r"[\s,]+")
_CONTACT_FIELDS: Final = frozenset(
    {"firstName", "lastName", "homePhone", "workPhone", "mobilePhone"}
)
_MAX_INDEX = 1_000_000


@dataclass(frozen=True, slots=True)
class _Given:
    subscripts: tuple[str, ...]
    value: str | bytes


@dataclass(slots=True)
class Parameters:
    """All parameters of a request, wherever they came in it."""

    _by_name: dict[str, list[_Given]] = field(default_factory=dict)
    _read: set[str] = field(default_factory=set)

    def add(self, key: str, value: str | bytes) -> None:
        """Take a parameter; raise InvalidInput for a name that cannot be."""
        match = _NAME.fullmatch(key.strip())
        if match is None:
            raise InvalidInput(f"{key[:64]!r} is not the name of a parameter")
        subscripts = tuple(_SUBSCRIPT.findall(match[2]))
        self._by_name.setdefault(match[1], []).append(_Given(subscripts, value))

    def named(self, names: Iterable[str]) -> Sequence[_Given]:
        """Return what was given under any of the names; it counts as read then."""
        found: list[_Given] = []
        for name in names:
            self._read.add(name)
            found += self._by_name.get(name, ())
        return found

    def has(self, names: Iterable[str]) -> bool:
        """Whether anything was given under any of the names."""
        return any(name in self._by_name for name in names)

    def unread(self) -> list[str]:
        """Return the names that nobody has asked for."""
        return sorted(set(self._by_name) - self._read)


def read_parameters(parameters: Parameters, type_: Complex) -> Tree:
    """Return the tree; raise InvalidInput for a value that cannot be, or an unknown parameter."""
    tree = _Reader(parameters).tree(type_)
    unread = parameters.unread()
    if unread:
        raise InvalidInput(f"there is no parameter {unread[0]!r} here", field=unread[0])
    return tree


class _Reader:
    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters

    def tree(self, type_: Complex) -> dict[str, TreeValue]:
        tree: dict[str, TreeValue] = {}
        for content in type_.contents():
            if isinstance(content, Member):
                self._put(tree, content)
            else:
                self._choose(tree, content)
        for attribute in type_.all_attributes():
            values = self._plain_values((attribute.name,)) if attribute.name != "id" else []
            if values:
                name = attribute.name
                tree[f"@{name}"] = parse_value(attribute.type, _one(values, name), field=name)
        return tree

    def _choose(self, tree: dict[str, TreeValue], choice: Choice) -> None:
        """Take the option that a selector names, or else all that is given of any."""
        if choice.selector is not None and choice.selected is not None:
            chosen = tree.get(choice.selector)
            if chosen is None:
                found = self._parameters.named((choice.selector,))
                chosen = found[0].value if found else None
            wanted = choice.selected.get(str(chosen))
            for member in choice.members:
                if member.name == wanted:
                    content = member.content
                    assert isinstance(content, Complex)
                    tree[member.name] = self.tree(content)
                    self._own_id(tree[member.name], member.name)
            return
        for member in choice.members:
            self._put(tree, member)
            if _is_empty(tree.get(member.name)):
                tree.pop(member.name, None)

    def _own_id(self, tree: TreeValue, name: str) -> None:
        """Read `IvrInboundConfig[id]`, which clients send along."""
        for given in self._parameters.named((name,)):
            if given.subscripts != ("id",):
                raise InvalidInput(f"there is no parameter {name!r} here", field=name)
            assert isinstance(tree, dict)
            tree["@id"] = parse_value(_LONG, _text(given.value), field=f"{name}[id]")

    def _put(self, tree: dict[str, TreeValue], member: Member) -> None:
        content = member.content
        value: TreeValue | None
        if content is TO_NUMBER:
            value = self._recipients(member) or None
        elif content is CONTACT.type:
            value = self._contacts(member.name) or None
        elif isinstance(content, Complex):
            value = self._marked(member, content) if content.text else self.tree(content)
            if member.optional and _is_empty(value):
                value = None
        elif isinstance(content, ListOf):
            value = self._list(member, content.item)
        elif member.many:
            value = self._texts(member, content)
        else:
            value = self._single(member, content)
        if value is not None:
            tree[member.name] = value

    def _single(self, member: Member, type_: Simple) -> Value | None:
        given = self._parameters.named(member.parameters)
        if not given:
            return None
        name = member.parameters[0]
        values = [one.value for one in given]
        if type_.kind is Kind.BINARY and isinstance(values[0], bytes):
            return values[0]
        text = _one([_text(value) for value in values], name)
        if not text.strip() and type_.kind is not Kind.BOOLEAN:
            return None  # PHP and .NET send what is not set as an empty value
        return parse_value(type_, text, field=name)

    def _list(self, member: Member, item: Simple) -> list[Value] | None:
        texts = self._plain_values(member.parameters)
        if not texts:
            return None
        words = [word for text in texts for word in _SEPARATORS.split(text) if word]
        return [parse_value(item, word, field=member.name) for word in words]

    def _texts(self, member: Member, type_: Simple) -> list[Value] | None:
        """Read free texts, such as labels, which have spaces and commas of their own."""
        texts = [text for text in self._plain_values(member.parameters) if text.strip()]
        if not texts:
            return None
        return [parse_value(type_, text, field=member.name) for text in texts]

    def _marked(self, member: Member, type_: Complex) -> Tree | None:
        """Read a list with attributes, which are subscripts: `Numbers[fieldName]`."""
        assert isinstance(type_.text, ListOf)
        words: list[Value] = []
        tree: dict[str, TreeValue] = {}
        known = {one.name: one.type for one in type_.attributes}
        for given in self._parameters.named((member.name,)):
            text = _text(given.value)
            if given.subscripts and given.subscripts[0] in known:
                name = given.subscripts[0]
                tree[f"@{name}"] = parse_value(known[name], text, field=f"{member.name}[{name}]")
            else:
                words += [
                    parse_value(type_.text.item, word, field=member.name)
                    for word in _SEPARATORS.split(text)
                    if word
                ]
        if not words:
            return None
        return {TEXT: words, **tree}

    def _recipients(self, member: Member) -> list[Tree]:
        """Read `To`: numbers, or a number with attributes after a question mark.

        `ToNumber[ClientData]` has a word for each of them. `ToNumber` alone says which field of a
        contact the numbers are, which makes no difference to a call, or is another name of `To`.
        """
        found: list[dict[str, TreeValue]] = []
        words: list[str] = []
        for given in self._parameters.named(member.parameters):
            text = _text(given.value)
            if given.subscripts and given.subscripts[-1] == "ClientData":
                words += [word for word in _SEPARATORS.split(text) if word]
            elif text.strip() in _CONTACT_FIELDS:
                continue
            else:
                found += _numbers(text)
        if words and len(words) != len(found):
            raise InvalidInput(
                f"ToNumber[ClientData] has {len(words)} words for {len(found)} numbers",
                field="ToNumber[ClientData]",
            )
        for recipient, word in zip(found, words, strict=False):
            recipient["@ClientData"] = word
        return list(found)

    def _contacts(self, name: str) -> list[Tree]:
        """Read `Contact[0][firstName]` and the like: what is not known is a custom attribute."""
        known = {one.name: one.type for one in _CONTACT.all_attributes()}
        found: dict[int, dict[str, TreeValue]] = {}
        for given in self._parameters.named((name,)):
            if len(given.subscripts) != 2 or not given.subscripts[0].isdecimal():
                raise InvalidInput(f"give contacts as {name}[0][firstName]=…", field=name)
            index, member = int(given.subscripts[0][:9]), given.subscripts[1]
            if index > _MAX_INDEX or not member:
                raise InvalidInput(f"give contacts as {name}[0][firstName]=…", field=name)
            type_ = known.get(member)
            text = _text(given.value)
            contact = found.setdefault(index, {})
            if type_ is None:
                contact[f"@{member}"] = text
            elif text.strip():
                contact[f"@{member}"] = parse_value(type_, text, field=f"{name}[{index}][{member}]")
        return [found[index] for index in sorted(found)]

    def _plain_values(self, names: Iterable[str]) -> list[str]:
        return [_text(given.value) for given in self._parameters.named(names)]


_LONG = Simple(name="long", kind=Kind.INTEGER, least=0, most=2**63 - 1)
assert isinstance(CONTACT.type, Complex)
_CONTACT: Complex = CONTACT.type


def _numbers(text: str) -> list[dict[str, TreeValue]]:
    if "?" not in text:
        return [{TEXT: word} for word in _SEPARATORS.split(text) if word]
    number, _, rest = text.partition("?")
    recipient: dict[str, TreeValue] = {TEXT: number.strip()}
    for pair in rest.split("&"):
        name, _, value = pair.partition("=")
        if name.strip():
            recipient[f"@{name.strip()}"] = value
    return [recipient]


def _one(values: Sequence[str], name: str) -> str:
    if len(set(values)) > 1:
        raise InvalidInput(f"{name} is given {len(values)} times", field=name)
    return values[0]


def _text(value: str | bytes) -> str:
    if isinstance(value, str):
        return value
    try:
        return value.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput("a part of the form is not UTF-8 text") from None


def take_path(tree: Tree, names: Mapping[str, str]) -> Tree:
    """Return the tree with what the path says; raise InvalidInput if a parameter contradicts it.

    Keys are names of members, or `Member/@id` for an attribute inside one; what ends in `Id` or
    `@id` is a whole number.
    """
    found = dict(tree)
    for place, text in names.items():
        value: Value = int(text) if place.endswith(("Id", "@id")) else text
        name, _, inner = place.partition("/")
        if inner:
            inside = found.get(name, {})
            assert isinstance(inside, Mapping)
            found[name] = {**inside, inner: value}
            continue
        if found.get(name, value) != value:
            raise InvalidInput(f"{name} is {text} in the path, and another one beside it")
        found[name] = value
    return found


def _is_empty(value: TreeValue | None) -> bool:
    """Whether a container holds nothing but empty containers."""
    if isinstance(value, Mapping):
        return all(_is_empty(one) for one in value.values())
    return value is None
