"""What is said of each mistake in an exitgate.toml: one line with the file, its line, what was found and what was expected."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from exitgate.target import load_target
from tests.target_folder import EXCLUSION, SOUND, WAIVER, changed, line, place, refusal

# ---- A file that is none ------------------------------------------------------------------------------------------


def test_a_folder_without_a_configuration_is_told_what_it_lacks(tmp_path: Path) -> None:
    error = refusal(tmp_path)
    assert error.subject == str(tmp_path)
    assert error.got == "no exitgate.toml"
    assert "--gate-target" in error.action


def test_a_folder_that_is_not_there_is_told_the_same(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere").got == "no exitgate.toml"


def test_a_folder_in_the_configurations_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "exitgate.toml").mkdir()
    assert "can't be read" in refusal(tmp_path).got


def test_a_configuration_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    error = refusal(place(tmp_path, SOUND.replace("shop", "größe").encode("latin-1")))
    assert error.subject == f"{tmp_path}/exitgate.toml"
    assert "UTF-8" in error.expected


@pytest.mark.parametrize(
    ("broken", "number"),
    [
        ("name = shop", 2),
        ('name = "shop', 2),
        ('name = "shop"\nname = "shop"', 3),
        ("= 1", 2),
        ('name = "shop"\nday = 2027-02-30', 3),
    ],
)
def test_a_syntax_error_names_its_line(tmp_path: Path, broken: str, number: int) -> None:
    error = refusal(place(tmp_path, f"[target]\n{broken}\n[policy]\n"))
    assert error.subject.startswith(f"{tmp_path}/exitgate.toml")
    assert re.search(rf"(\bline |:){number}\b", str(error))
    assert error.expected == "valid TOML"


@pytest.mark.parametrize("broken", ["[policy.containers]\nuid_range = [1,", 'x = "', "[policy"])
def test_a_syntax_error_at_the_very_end_names_its_line_too(tmp_path: Path, broken: str) -> None:
    text = f'[target]\nname = "shop"\n{broken}'
    number = text.count("\n") + 1
    assert re.search(rf"(\bline |toml:){number}\b", str(refusal(place(tmp_path, text))))


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 3000 + "]" * 3000], ids=["endless number", "endless nesting"])
def test_a_monstrous_value_is_refused_as_any_other(tmp_path: Path, value: str) -> None:
    refusal(place(tmp_path, f'[target]\nname = "shop"\nx = {value}\n'))


# ---- Unknown keys -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "wrong", "mark", "known"),
    [
        ('name = "shop"', 'name = "shop"\nrehersal = true', "rehersal", "rehearsal"),
        ("port = 8080", "port = 8080\nhealth_pth = '/'", "health_pth", "health_path"),
        ("port = 8081", "port = 8081\nbuild_arg = {}", "build_arg ", "build_args"),
        ("port = 8082", "port = 8082\nstart_timeout = 3", "start_timeout", "start_timeout_s"),
        ("uid_range = [10000, 65535]", "uid_range = [1, 2]\nallow_setiud = []", "allow_setiud", "allow_setuid"),
        ("[policy.containers]", "[policy]\nasurance = {}\n[policy.containers]", "asurance", "assurance"),
        ('[[frontend]]\nname = "cart"', '[[frontend]]\nworklod = 1\nname = "cart"', "worklod", "workload"),
        ("[service.environment]", "[service.envirnment]", "[service.envirnment]", "environment"),
        ("[policy.containers]", "[waivers]\n[policy.containers]", "[waivers]", "waiver"),
        ("[policy.containers]", '[substitute.BASE]\nkind = "node-build"\nkin = 1\n[policy.containers]', "kin ", "kind"),
    ],
)
def test_an_unknown_key_is_named_with_its_line_and_the_nearest_known_one(
    tmp_path: Path, right: str, wrong: str, mark: str, known: str
) -> None:
    text = changed(right, wrong)
    error = refusal(place(tmp_path, text))
    assert error.subject == f"{tmp_path}/exitgate.toml:{line(text, mark)}"
    assert error.got.startswith("unknown key ")
    assert error.expected == f"the key {known!r}"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("port = 8080", "prot = 8080"), ("port = 8081", "prot = 8081"), ('name = "shop"', 'nme = "shop"')],
)
def test_a_needed_key_that_is_misspelt_is_shown_where_it_is_misspelt(tmp_path: Path, right: str, wrong: str) -> None:
    text = changed(right, wrong)
    error = refusal(place(tmp_path, text))
    assert error.subject.endswith(f":{line(text, wrong)}")
    assert error.got.startswith("unknown key ")
    assert error.expected == f"the key {right.split(maxsplit=1)[0]!r}"


def test_a_key_like_no_known_one_is_told_all_that_are_known(tmp_path: Path) -> None:
    error = refusal(place(tmp_path, changed('name = "shop"', 'name = "shop"\nzzz = 1')))
    assert error.expected == "one of materialise, name, rehearsal, waivers"


# ---- Wrong and missing values -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "wrong", "got"),
    [
        ("port = 8080", 'port = "http"', "service.0.port = 'http'"),
        ("port = 8081", "port = []", "service.1.port = []"),
        ("port = 8082", "port = 1.5", "frontend.0.workload.port = 1.5"),
        ("port = 8080", "port = 0", "service.0.port = 0"),
        ("port = 8080", "port = 65536", "service.0.port = 65536"),
        ('name = "shop"', "name = 1", "target.name = 1"),
        ('name = "orders"', 'name = "Orders"', "service.0.name = 'Orders'"),
        ('name = "billing"', 'name = "bill/ing"', "service.1.name = 'bill/ing'"),
        ('name = "orders"', 'name = "-"', "service.0.name = '-'"),
        ('path = "apps/orders"', 'path = ""', "service.0.path = ''"),
        ('LOG_LEVEL = "debug"', "LOG_LEVEL = 1", "service.1.environment.LOG_LEVEL = 1"),
        ("port = 8080", 'health_path = "healthz"\nport = 8080', "service.0.health_path = 'healthz'"),
        ("port = 8080", 'health_path = "/a b"\nport = 8080', "service.0.health_path = '/a b'"),
        ("port = 8080", "start_timeout_s = 0\nport = 8080", "service.0.start_timeout_s = 0"),
        ("port = 8080", "start_timeout_s = 601\nport = 8080", "service.0.start_timeout_s = 601"),
        ("uid_range = [10000, 65535]", "uid_range = [9, 1]", "policy.containers.uid_range = [9, 1]"),
        ("gid_range = [10000, 65535]", "gid_range = [1]", "policy.containers.gid_range = [1]"),
        ("gid_range = [10000, 65535]", "gid_range = [-1, 2]", "policy.containers.gid_range.first = -1"),
    ],
)
def test_a_wrong_value_is_shown_with_its_line(tmp_path: Path, right: str, wrong: str, got: str) -> None:
    text = changed(right, wrong)
    error = refusal(place(tmp_path, text))
    assert error.subject == f"{tmp_path}/exitgate.toml:{line(text, wrong.split(chr(10), maxsplit=1)[0])}"
    assert error.got == got


@pytest.mark.parametrize(
    ("text", "number"),
    [('[target]\nname = "a"\n\n[service]\nname = "x"\n', 4), ("target = 1\n", 1), ("[[target]]\nname = 'a'\n", 1)],
)
def test_a_table_of_the_wrong_kind_is_shown_with_its_line(tmp_path: Path, text: str, number: int) -> None:
    assert refusal(place(tmp_path, text)).subject.endswith(f"exitgate.toml:{number}")


@pytest.mark.parametrize(
    ("taken_away", "table", "occurrence", "name"),
    [
        ('name = "shop"\n', "[target]", 1, "target.name"),
        ("port = 8080\n", "[[service]]", 1, "service.0.port"),
        ('dockerfile = "apps/shell/Dockerfile"\n', "[frontend.workload]", 1, "frontend.0.workload.dockerfile"),
        ('path = "apps/cart"\n', "[[frontend]]", 2, "frontend.1.path"),
        ("gid_range = [10000, 65535]\n", "[policy.containers]", 1, "policy.containers.gid_range"),
    ],
)
def test_a_missing_key_is_named_with_the_line_of_its_table(
    tmp_path: Path, taken_away: str, table: str, occurrence: int, name: str
) -> None:
    text = changed(taken_away, "")
    error = refusal(place(tmp_path, text))
    assert error.subject == f"{tmp_path}/exitgate.toml:{line(text, table, occurrence)}"
    assert error.got == f"'{name}' is missing"


@pytest.mark.parametrize(
    ("wrong", "got", "start", "occurrence"),
    [
        ("", "neither task_definition nor compose", "[[service]]", 2),
        ('task_definition = "deploy/billing.json"\ncompose = "c.yaml"', "task_definition and compose", "compose", 1),
    ],
)
def test_a_workload_has_its_settings_from_one_file(
    tmp_path: Path, wrong: str, got: str, start: str, occurrence: int
) -> None:
    text = changed('task_definition = "deploy/billing.json"', wrong)
    error = refusal(place(tmp_path, text))
    assert error.subject == f"{tmp_path}/exitgate.toml:{line(text, start, occurrence)}"
    assert error.got == got
    assert error.expected == "one of the two: what production runs it with"


def test_an_empty_file_is_told_that_it_names_no_target(tmp_path: Path) -> None:
    error = refusal(place(tmp_path, ""))
    assert error.subject.endswith("exitgate.toml:1")
    assert error.got == "'target' is missing"


def test_further_mistakes_are_counted(tmp_path: Path) -> None:
    assert refusal(place(tmp_path, re.sub(r"port = \d+", "port = 0", SOUND))).action.endswith("2 more after this one.")
    assert "more" not in refusal(place(tmp_path, changed("port = 8080", "port = 0"))).action


def test_what_was_expected_is_said_without_the_words_of_the_validator(tmp_path: Path) -> None:
    error = refusal(place(tmp_path, changed("uid_range = [10000, 65535]", "uid_range = [1]")))
    assert error.expected == "a range has two ends, like [10000, 65535]"


def test_a_value_that_would_break_the_line_is_shown_folded(tmp_path: Path) -> None:
    text = changed("port = 8080", r'port = "\n\u001b[31m\u2028"')
    assert str(refusal(place(tmp_path, text))).isprintable()


def test_lines_are_counted_as_toml_counts_them(tmp_path: Path) -> None:
    text = "# one\u2028still one\x85and still\n" + changed("port = 8080", "port = 0")
    assert refusal(place(tmp_path, text)).subject.endswith(f":{line(text, 'port = 0')}")


def test_lines_that_end_as_on_windows_are_counted_once(tmp_path: Path) -> None:
    text = changed("port = 8081", "port = 0")
    crossed = text.replace("\n", "\r\n")
    assert refusal(place(tmp_path, crossed)).subject.endswith(f":{line(text, 'port = 0')}")


# ---- Waivers and exclusions ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ['"2027-03-31"', "2027-03-31T00:00:00Z", "2027-03-31 00:00:00", "07:32:00", "20270331"])
def test_a_waiver_that_ends_on_no_date_is_shown_with_its_line(tmp_path: Path, end: str) -> None:
    text = f"{SOUND}{WAIVER}expires = {end}\n"
    error = refusal(place(tmp_path, text))
    assert error.subject == f"{tmp_path}/exitgate.toml:{line(text, 'expires')}"
    assert "a TOML date without quotes, like 2027-03-31" in error.expected


def test_the_second_waiver_is_told_from_the_first(tmp_path: Path) -> None:
    text = f'{SOUND}{WAIVER}expires = 2027-03-31\n{WAIVER}expires = "soon"\n'
    error = refusal(place(tmp_path, text))
    assert error.subject.endswith(f":{line(text, 'expires', 2)}")
    assert error.got == "waiver.1.expires = 'soon'"


def test_a_waiver_without_an_end_is_refused(tmp_path: Path) -> None:
    text = SOUND + WAIVER
    error = refusal(place(tmp_path, text))
    assert error.subject.endswith(f":{line(text, '[[waiver]]')}")
    assert error.got == "'waiver.0.expires' is missing"


def test_a_control_that_is_waived_and_excluded_is_shown_where_it_is_excluded(tmp_path: Path) -> None:
    text = f"{SOUND}{WAIVER}expires = 2027-03-31\n{EXCLUSION}"
    error = refusal(place(tmp_path, text))
    assert "3.2.A.2 is both waived and declared not applicable" in str(error)
    assert error.subject.endswith((f":{line(text, '[[not_applicable]]')}", f":{line(text, 'control', 2)}"))
    assert "apps/orders" not in error.got


def test_a_control_that_is_excluded_twice_is_named_where_it_is_excluded_again(tmp_path: Path) -> None:
    text = SOUND + EXCLUSION + EXCLUSION
    error = refusal(place(tmp_path, text))
    assert "3.2.A.2" in str(error)
    assert error.subject.endswith((f":{line(text, '[[not_applicable]]', 2)}", f":{line(text, 'control', 2)}"))


# ---- Backing servers ----------------------------------------------------------------------------------------------

BACKING = '[[backing]]\nname = "store"\nkind = "postgres"\nimage = "postgres:18.1"\n'


def leaning(use: str, declared: str = BACKING) -> str:
    return (
        changed("[service.environment]", f"[service.backing]\nDATABASE_URL = {use}\n\n[service.environment]") + declared
    )


def test_a_workload_leans_on_a_declared_server(tmp_path: Path) -> None:
    target = load_target(place(tmp_path, leaning('"store/shop"')))
    (use,) = (workload.backing["DATABASE_URL"] for workload in target.workloads if workload.backing)
    assert (use.backing, use.part, target.backings[0].kind) == ("store", "shop", "postgres")


def test_a_server_that_is_not_declared_is_refused_with_the_line_that_names_it(tmp_path: Path) -> None:
    text = leaning('"stroe/shop"')
    error = refusal(place(tmp_path, text))
    assert error.subject == f"{tmp_path}/exitgate.toml:{line(text, 'DATABASE_URL')}"
    assert "'stroe'" in error.got
    assert "store" in error.expected


def test_a_server_of_no_known_kind_is_refused(tmp_path: Path) -> None:
    text = leaning('"store"', BACKING.replace('"postgres"', '"oracle"'))
    number = line(text, 'kind = "oracle"')
    assert refusal(place(tmp_path, text)).subject == f"{tmp_path}/exitgate.toml:{number}"


def test_a_use_in_other_words_is_refused(tmp_path: Path) -> None:
    text = leaning('"store#colour"')
    assert refusal(place(tmp_path, text)).subject.startswith(f"{tmp_path}/exitgate.toml:{line(text, 'DATABASE_URL')}")


def test_a_server_named_like_a_service_is_refused(tmp_path: Path) -> None:
    text = leaning('"orders"', BACKING.replace('"store"', '"orders"'))
    assert "orders" in refusal(place(tmp_path, text)).got


def test_a_saved_answer_that_is_not_there_is_named_with_its_line(tmp_path: Path) -> None:
    text = changed("[service.environment]", '[service.answers]\nservice = "deploy/gone.json"\n\n[service.environment]')
    error = refusal(place(tmp_path, text))
    assert error.subject == f"{tmp_path}/exitgate.toml:{line(text, 'service = ')}"
    assert error.got == "service = 'deploy/gone.json', which is not there"
