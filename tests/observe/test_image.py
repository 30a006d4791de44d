"""What an image is: whom a user means, and what its files are, read from archives as an engine sends them."""

from __future__ import annotations

import tarfile
from typing import Any

import pytest

from exitgate.observe.image import Identity, ImageFacts, PrivilegedFile, image_facts
from exitgate.settings import ContainerSettings, HealthCheck

from .archives import SUBSTRATE, Member, archive, contents, folder, link, member

LARGEST = 8 * 1024 * 1024
CAPABILITY = b"\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\xff\x00\x00\x00\x00\x00\x00\x00"


def read(*members: Member) -> ImageFacts:
    return image_facts(contents(archive(*members)))


def facts_of(**config: Any) -> ImageFacts:
    return image_facts(contents(archive(folder("bin")), **config))


# ---- Whom a user means --------------------------------------------------------------------------------------------


def image(*users: tuple[str, int, int], groups: tuple[tuple[str, int], ...] = ()) -> ImageFacts:
    return ImageFacts(
        substrate=SUBSTRATE,
        id="",
        user="",
        working_directory="/",
        settings=ContainerSettings(),
        users=users or (("root", 0, 0), ("app", 10001, 20001), ("twin", 10001, 30001)),
        groups=groups or (("root", 0), ("app", 20001), ("staff", 50)),
        privileged_files=(),
        directories=(),
        open_directories=(),
        sticky_directories=(),
        shells=(),
        files=0,
    )


@pytest.mark.parametrize(
    ("user", "uid", "gid"),
    [
        ("", 0, 0),
        ("0", 0, 0),
        ("root", 0, 0),
        ("app", 10001, 20001),
        ("twin", 10001, 30001),
        ("10001", 10001, 20001),
        ("4711", 4711, 0),
        ("0004711", 4711, 0),
        ("app:", 10001, 20001),
        ("app:staff", 10001, 50),
        ("app:0", 10001, 0),
        ("4711:4712", 4711, 4712),
        ("4711:staff", 4711, 50),
        ("4711:0050", 4711, 50),
        ("root:app", 0, 20001),
    ],
)
def test_a_user_comes_to_the_numbers_that_the_engine_gives_it(user: str, uid: int, gid: int) -> None:
    assert image().resolve(user) == Identity(uid=uid, gid=gid)


@pytest.mark.parametrize(
    "user", ["ghost", "app:ghosts", "ghost:0", "-1", "0:-1", "1.5", "app:app:app", "root ", "²", "0:²"]
)
def test_a_name_that_the_image_does_not_know_is_nobody(user: str) -> None:
    assert image().resolve(user) is None


def test_a_user_whose_name_is_a_number_is_found_by_name() -> None:
    assert image(("1000", 0, 0)).resolve("1000") == Identity(uid=0, gid=0)


def test_a_group_whose_name_is_a_number_is_found_by_name() -> None:
    assert image(groups=(("50", 0),)).resolve("app:50") == Identity(uid=10001, gid=0)


def test_of_a_name_that_stands_twice_the_first_counts_as_for_the_engine() -> None:
    assert image(("app", 0, 0), ("app", 10001, 20001)).resolve("app") == Identity(uid=0, gid=0)
    assert image(groups=(("app", 0), ("app", 20001))).resolve("app:app") == Identity(uid=10001, gid=0)


# ---- What its files are -------------------------------------------------------------------------------------------


def test_ordinary_files_are_counted_and_carry_no_privilege() -> None:
    facts = read(folder("bin/"), member("bin/node", b"x", mode=0o755), link("bin/n", tarfile.SYMTYPE, "node"))
    assert facts.files == 3
    assert facts.privileged_files == ()
    assert facts.directories == ("/bin",)
    assert facts.open_directories == ()
    assert facts.shells == ()


def test_an_empty_image_holds_nothing() -> None:
    facts = read()
    assert (facts.files, facts.users, facts.groups, facts.directories) == (0, (), (), ())


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o6755, 0o4000, 0o2000, 0o4644])
def test_a_setuid_or_setgid_file_is_seen_with_owner_and_mode(mode: int) -> None:
    facts = read(member("usr/bin/su", b"x", mode=mode, uid=3, gid=4))
    assert facts.privileged_files == (PrivilegedFile(path="/usr/bin/su", uid=3, gid=4, mode=mode),)


@pytest.mark.parametrize("mode", [0o1777, 0o0777, 0o1755])
def test_a_sticky_or_open_file_gives_no_privilege(mode: int) -> None:
    assert read(member("tmp/x", mode=mode)).privileged_files == ()


def test_a_hard_link_to_a_setuid_file_is_a_setuid_file_of_its_own() -> None:
    facts = read(member("bin/su", b"x", mode=0o4755), link("opt/su", tarfile.LNKTYPE, "bin/su", mode=0o4755))
    assert [file.path for file in facts.privileged_files] == ["/bin/su", "/opt/su"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_what_can_not_be_executed_gives_no_privilege(kind: bytes) -> None:
    assert read(link("bin/su", kind, "x", mode=0o6777)).privileged_files == ()


def test_a_folder_with_the_setgid_bit_gives_no_privilege() -> None:
    assert read(folder("var/mail", 0o2775)).privileged_files == ()


def test_a_file_with_capabilities_is_seen_with_the_raw_attribute() -> None:
    capable = member("bin/ping", b"x", mode=0o755)
    capable[0].pax_headers = {"SCHILY.xattr.security.capability": CAPABILITY.decode("utf-8", "surrogateescape")}
    plain = member("bin/plain", b"x", mode=0o755)
    plain[0].pax_headers = {"SCHILY.xattr.user.note": "x"}
    facts = read(capable, plain)
    assert facts.privileged_files == (
        PrivilegedFile(path="/bin/ping", uid=0, gid=0, mode=0o755, capabilities=CAPABILITY),
    )


def test_privileged_files_are_sorted_by_path() -> None:
    facts = read(*(member(name, mode=0o4755) for name in ("z", "a", "m")))
    assert [file.path for file in facts.privileged_files] == ["/a", "/m", "/z"]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"mode": 0o4755}, "setuid 3"),
        ({"mode": 0o2755}, "setgid 4"),
        ({"mode": 0o6755}, "setuid 3, setgid 4"),
        ({"mode": 0o755, "capabilities": b"x"}, "file capabilities"),
        ({"mode": 0o4755, "capabilities": b"x"}, "setuid 3, file capabilities"),
    ],
)
def test_what_is_special_about_a_file_is_said_in_words(facts: dict[str, Any], words: str) -> None:
    assert PrivilegedFile(path="/x", uid=3, gid=4, **facts).kind == words


def test_folders_are_sorted_and_those_that_everybody_may_write_are_known() -> None:
    facts = read(folder("tmp", 0o1777), folder("etc"), folder("srv", 0o757), folder("run", 0o775))
    assert facts.directories == ("/etc", "/run", "/srv", "/tmp")
    assert facts.open_directories == ("/srv", "/tmp")


def test_an_open_file_is_no_open_folder() -> None:
    assert read(member("tmp/x", mode=0o777)).open_directories == ()


@pytest.mark.parametrize("name", ["sh", "bash", "dash", "ash", "busybox", "zsh", "ksh"])
@pytest.mark.parametrize("place", ["bin", "usr/bin", "usr/local/bin", "sbin"])
def test_a_shell_is_known_by_name_and_place(name: str, place: str) -> None:
    assert read(member(f"{place}/{name}", mode=0o755)).shells == (f"/{place}/{name}",)


def test_a_shell_may_be_a_link() -> None:
    facts = read(link("bin/sh", tarfile.SYMTYPE, "busybox"), link("bin/ash", tarfile.LNKTYPE, "bin/busybox"))
    assert facts.shells == ("/bin/ash", "/bin/sh")


@pytest.mark.parametrize("name", ["etc/sh", "bin/shred", "bin/fish", "bin/sh.txt", "app/sh"])
def test_what_is_only_named_alike_is_no_shell(name: str) -> None:
    assert read(member(name, mode=0o755)).shells == ()


def test_a_folder_named_like_a_shell_is_none() -> None:
    assert read(folder("bin/sh")).shells == ()


PASSWD = b"root:x:0:0:root:/root:/bin/sh\napp:x:10001:20001::/:\n\n#x\nbroken:x:a:b::\nshort:x\nold:x:1:2"
GROUP = b"root:x:0:\nstaff:x:50:app,old\nbroken:x:a:\nshort:x\nold:x:7"


def test_users_and_groups_are_read_and_broken_lines_left_out() -> None:
    facts = read(folder("etc"), member("etc/passwd", PASSWD), member("etc/group", GROUP))
    assert facts.users == (("root", 0, 0), ("app", 10001, 20001), ("old", 1, 2))
    assert facts.groups == (("root", 0), ("staff", 50), ("old", 7))


def test_a_passwd_of_another_place_or_kind_is_not_taken() -> None:
    facts = read(
        member("usr/etc/passwd", PASSWD), link("etc/passwd", tarfile.SYMTYPE, "../usr/etc/passwd"), folder("etc/group")
    )
    assert (facts.users, facts.groups) == ((), ())


@pytest.mark.parametrize("line", ["app:x:²:0::\n", "app:x:0:²::\n", "größe:x:1:1::\n", "\xff:x:1:1::\n"])
def test_a_passwd_of_strange_letters_is_read_all_the_same(line: str) -> None:
    facts = read(member("etc/passwd", b"root:x:0:0::\n" + line.encode("utf-8" if line[0] != "\xff" else "latin-1")))
    assert facts.users[0] == ("root", 0, 0)


@pytest.mark.parametrize("size", [LARGEST, LARGEST + 1])
def test_a_passwd_of_endless_length_is_not_taken_in(size: int) -> None:
    facts = read(member("etc/passwd", b"app:x:1:1::\n".ljust(size, b"\n")))
    assert bool(facts.users) == (size == LARGEST)


@pytest.mark.parametrize(
    "name", ["größe", "a b", "new\nline", "\x1b[31m", "../../etc/x", "x" * 300, "-rf", "*", "\udcff", "a/\udcc3(/b"]
)
def test_a_file_may_have_any_name_and_is_still_seen(name: str) -> None:
    facts = read(member(f"bin/{name}", b"x", mode=0o4755), member("bin/su", b"x", mode=0o4755))
    paths = [file.path for file in facts.privileged_files]
    assert len(paths) == 2
    assert "/bin/su" in paths


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_names_are_read_in_both_forms(form: int) -> None:
    name = "/".join(["deep" * 10] * 8) + "/su"
    facts = image_facts(contents(archive(member(name, b"x", mode=0o4755), form=form)))
    assert [file.path for file in facts.privileged_files] == [f"/{name}"]


# ---- What it says of itself ---------------------------------------------------------------------------------------


def test_an_images_own_settings_are_read() -> None:
    check = {"Test": ["CMD", "/check"], "Interval": 10**9, "Timeout": 2 * 10**9, "Retries": 4, "StartPeriod": 3 * 10**9}
    facts = facts_of(
        User="app",
        WorkingDir="/app",
        Entrypoint=["/bin/app"],
        Cmd=["serve"],
        Healthcheck=check,
    )
    assert (facts.id, facts.user, facts.working_directory) == ("sha256:x", "app", "/app")
    assert facts.settings == ContainerSettings(
        user="app",
        entrypoint=("/bin/app",),
        command=("serve",),
        working_directory="/app",
        health_check=HealthCheck(command=("CMD", "/check"), interval_s=1, timeout_s=2, retries=4, start_period_s=3),
    )


@pytest.mark.parametrize(
    "config", [{}, {"User": None, "Entrypoint": None, "Cmd": [], "Healthcheck": None, "WorkingDir": ""}]
)
def test_an_image_that_says_nothing_has_dockers_defaults(config: dict[str, Any]) -> None:
    facts = facts_of(**config)
    assert (facts.user, facts.working_directory) == ("", "/")
    assert facts.settings == ContainerSettings()


def test_a_health_check_without_timers_has_dockers_defaults() -> None:
    facts = facts_of(Healthcheck={"Test": ["CMD", "x"], "Interval": 0})
    assert facts.settings.health_check == HealthCheck(
        command=("CMD", "x"), interval_s=30, timeout_s=30, retries=3, start_period_s=0
    )


def test_a_health_check_that_is_switched_off_is_not_set() -> None:
    off = facts_of(Healthcheck={"Test": ["NONE"]}).settings.health_check
    assert off is not None
    assert not off.is_set
    assert facts_of(Healthcheck={"Test": []}).settings.health_check is None
