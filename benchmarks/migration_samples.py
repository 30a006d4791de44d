"""Repositories of generated migrations, one a commit: the same number gives the same text."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

FOLDER = "prisma/migrations"
_SHAPES = (
    (
        'CREATE TABLE IF NOT EXISTS "{t}" (\n    "id" UUID PRIMARY KEY,\n    "name" TEXT NOT NULL,\n'
        '    "made" TIMESTAMPTZ(3) NOT NULL\n);\n'
    ),
    'ALTER TABLE "{t}" ADD COLUMN IF NOT EXISTS "{c}" TEXT;\n',
    'CREATE INDEX CONCURRENTLY IF NOT EXISTS "{t}_{c}_idx" ON "{t}" ("{c}");\n',
    'ALTER TABLE "{t}" ADD CONSTRAINT "{c}_known" CHECK ("{c}" IN (\'a\', \'b;c\')) NOT VALID;\n',
    'ALTER TABLE "{t}" VALIDATE CONSTRAINT "{c}_known";\n',
    (
        "CREATE FUNCTION {c}() RETURNS trigger AS $$\nBEGIN\n  NEW.made := now(); -- as of now\n  RETURN NEW;\nEND\n"
        "$$ LANGUAGE plpgsql;\n"
    ),
    'UPDATE "{t}" SET "{c}" = \'a\' WHERE "id" = \'6f1d5a1e-0d5f-4a53-9b3c-8d7c35a1a001\';\n',
    'INSERT INTO "{t}" ("id", "name") VALUES (gen_random_uuid(), \'it\'\'s\') ON CONFLICT DO NOTHING;\n',
    'ALTER TABLE "{t}" DROP COLUMN IF EXISTS "{c}";\n',
)
_START = 1_700_000_000


def migration_text(number: int) -> str:
    """Return a migration of one to eight statements, most with comments and limits, as people write them."""
    chance = random.Random(number)
    lines = [f"-- Change {number}: what it is for, in a line or two.\nSET lock_timeout = '2s';\n"]
    lines += [
        chance.choice(_SHAPES).format(t=f"t{chance.randrange(40)}", c=f"c{chance.randrange(400)}")
        for _ in range(chance.randint(1, 8))
    ]
    return "\n".join(lines)


def write_repository(root: Path, count: int) -> None:
    """Make a repository with so many migrations, each in a commit of its own, and check the last one out."""
    stream = []
    for number in range(count):
        text = migration_text(number)
        stream.append(
            f"commit refs/heads/main\ncommitter A <a@example.com> {_START + number} +0000\ndata 2\nm\n\n"
            f"M 100644 inline {FOLDER}/{number:06}_change/migration.sql\ndata {len(text.encode())}\n{text}\n"
        )
    for command, words in (
        (["init", "-q", "-b", "main", str(root)], None),
        (["-C", str(root), "fast-import", "--quiet"], "".join(stream)),
        (["-C", str(root), "checkout", "-q", "-f", "main"], None),
    ):
        subprocess.run(["git", *command], input=words, text=True, check=True)
