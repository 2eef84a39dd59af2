"""The subset of JavaScript, and what is outside of it."""

from __future__ import annotations

import time

import pytest

from ringcast.scripting.callfire_dialplan.expressions import NotAnExpression, evaluate, written


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", "1"),
        ("1.50", "1.5"),
        ("2 + 3 * 4", "14"),
        ("(2 + 3) * 4", "20"),
        ("7 % 3", "1"),
        ("-7 % 3", "-1"),
        ("10 / 4", "2.5"),
        ("1 / 0", "Infinity"),
        ("0 / 0", "NaN"),
        ("-2", "-2"),
        ("+'3' + 1", "4"),
        (" + 1", "1"),
        ("'1' + 1", "11"),
        ("1 + '1'", "11"),
        ("'6' / '2'", "3"),
        ("true + 1", "2"),
        ("1 == '1'", "true"),
        ("1 === '1'", "false"),
        ("'a' === 'a'", "true"),
        ("1 != 2", "true"),
        ("1 !== 1", "false"),
        ("null == false", "false"),
        ("'' == 0", "true"),
        ("'b' > 'a'", "true"),
        ("'10' < '9'", "true"),
        ("'10' < 9", "false"),
        ("2 >= 2 && 1 <= 0", "false"),
        ("0 || 'x'", "x"),
        ("'' && 'x'", ""),
        ("!0", "true"),
        ("!!'a'", "true"),
        ("1 > 2 ? 'a' : 2 > 1 ? 'b' : 'c'", "b"),
        ("'abc'.length", "3"),
        ("'abc'.length > 2;", "true"),
        ("'ABC'.toLowerCase()", "abc"),
        ("'abc'.toUpperCase()", "ABC"),
        ("'2135550100'.substring(2,5);", "355"),
        ("'abc'.substring(5, 1)", "bc"),
        ("'abc'.substring(-1)", "abc"),
        ("'abcdef'.substr(-3, 2)", "de"),
        ("'abcdef'.substr(1)", "bcdef"),
        ('"123".split("").join(" ");', "1 2 3"),
        ("'a-b'.split('-').join()", "a,b"),
        ("'a-b'.split('-')[1]", "b"),
        ("'a-b'.split('-').length", "2"),
        ("'abcb'.indexOf('b')", "1"),
        ("'abcb'.indexOf('b', 2)", "3"),
        ("'abc'.indexOf('x') == -1", "true"),
        ("'aaa'.replace('a', 'b')", "baa"),
        ("'abc'.charAt(1)", "b"),
        ("'abc'.charAt(9)", ""),
        ("'abc'[0]", "a"),
        ("' a '.trim()", "a"),
        (r"'it\'s \u0041\x42\n'.trim()", "it's AB"),
        ("'Blocked'.toLowerCase() == 'blocked'", "true"),
        ("(5).toString()", "5"),
        ("1e3", "1000"),
    ],
)
def test_expressions_have_the_value_that_javascript_gives(text: str, value: str) -> None:
    assert written(evaluate(text)) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Homer Simpson",
        "Yes",
        "confirmed",
        "007",
        "1 +",
        "(1",
        "1)",
        "1 2",
        "a = 1",
        "eval('1')",
        "'a'.constructor",
        "'a'.__class__",
        "[].join",
        "function(){}",
        "'a",
        "'a'.repeat(9)",
        "'a'.replace(/a/, 'b')",
        "'a'.replace('a')",
        "null.toString()",
        "(5)[0]",
        "'a'['x'",
        "1;2",
        "`a`",
        "{}",
        "(" * 50 + "1" + ")" * 50,
        "1+" * 2000 + "1",
        "'a'" + ".split('')" * 2,
        "9" * 70_000,
        "'" + "a" * 30_000 + "' + '" + "b" * 30_000 + "'" + ".concat('a')",
    ],
)
def test_whatever_is_outside_the_subset_or_the_limits_is_no_expression(text: str) -> None:
    with pytest.raises(NotAnExpression):
        evaluate(text)


def test_work_is_limited() -> None:
    began = time.process_time()
    with pytest.raises(NotAnExpression, match="too much"):
        evaluate("'" + "a" * 50_000 + "'" + ".split('').join('')" * 150)
    assert time.process_time() - began < 2
