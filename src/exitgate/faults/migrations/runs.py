"""Faults of 3.4.B.2 to 3.4.C.3 that show when migrations are run: in start-up code, in migrations, in the recovery."""

from __future__ import annotations

from exitgate.faults.fault import Fault, FaultSite, Inject
from exitgate.faults.migrations.editing import LATEST, add_migration, rewrite, rewrite_rules, settings_of

_KIT = "libs/service-kit/src/migrate.ts"
_TURN = "libs/service-kit/src/turn.ts"
_PLAN = "Unused since: v1.0.0"
_START, _BLOCK, _STAGING, _SIMULATED, _ROLLBACK = "3.4.B.2", "3.4.B.3", "3.4.C.1", "3.4.C.2", "3.4.C.3"


def _impatient(site: FaultSite) -> None:
    rewrite(site, _KIT, r"const PATIENCE_S = 300;", "const PATIENCE_S = 0;")


def _main(site: FaultSite, pattern: str, replacement: str) -> None:
    rewrite(site, f"{site.workload.path}/src/main.ts", pattern, replacement)


def _serve_first(site: FaultSite) -> None:
    _main(site, r"await migrate\(", "void migrate(")


def _end_well(site: FaultSite) -> None:
    _main(site, r"deadlineS, logger \}\);\n    const", "deadlineS, logger }).catch(() => process.exit(0));\n    const")


def _end_without_a_word(site: FaultSite) -> None:
    _main(site, r"deadlineS, logger \}\);\n    const", "deadlineS, logger }).catch(() => process.exit(1));\n    const")


def _go_on(site: FaultSite) -> None:
    _main(site, r"deadlineS, logger \}\);\n    const", "deadlineS, logger }).catch(() => undefined);\n    const")


def _leave_a_mark(site: FaultSite) -> None:
    marked = (
        'await session.query("CREATE TABLE migrating ()");\n'
        '    try {\n      return await work(session);\n    } finally {\n      await session.query("DROP TABLE migrating");\n    }'
    )
    rewrite(site, _TURN, r"return await work\(session\);", marked)


def _by_a_pooler(site: FaultSite) -> None:
    named = rf'(^name = "{site.workload.name}"$.*?^\[service\.migrations\]$)'
    rewrite_rules(site, named, r'\1\npooler = "transaction"')


def _shrug_off_a_full_disk(site: FaultSite) -> None:
    rewrite(
        site,
        _KIT,
        r"if \(failure === undefined\) return;",
        "if (failure === undefined || /No space left/.test(failure)) return;",
    )


def _take_a_busy_table_for_later(site: FaultSite) -> None:
    rewrite(
        site,
        _KIT,
        r"if \(failure === undefined\) return;",
        "if (failure === undefined || /lock timeout/.test(failure)) return;",
    )


def _rewrite_as_built(site: FaultSite) -> None:
    path, folder = site.workload.path, settings_of(site).folder
    command = f"for file in {folder}/*/migration.sql; do echo '-- Built from this folder.' >>$file; done"
    rewrite(site, f"{path}/Dockerfile", rf"^(COPY {path} {path})$", rf"\1\nRUN {command}")


def _take_silence_for_success(site: FaultSite) -> None:
    # What it had printed until then is no failure's line, so it is told by how the process ended.
    end = r"\} catch \(error\) \{(?=\n    const \{ stdout)"
    rewrite(site, _KIT, end, "} catch (error) { if ((error as { signal?: string }).signal) return undefined;")


def _settle_nothing(site: FaultSite) -> None:
    rewrite_rules(
        site, r"^recovery = \[.*?^\]", 'recovery = ["psql $DATABASE_URL -c \\\\"SELECT \'{migration}\'\\\\""]'
    )


def _also_recover(site: FaultSite, *statements: str) -> None:
    """Let the written recovery do something more by hand, ahead of its last step."""
    steps = "".join(f'  "psql $DATABASE_URL -c \\\\"{each}\\\\"",\n' for each in statements)
    rewrite_rules(site, r'^(?=  "prisma migrate deploy",$)', steps)


def _leave_a_grant(site: FaultSite) -> None:
    _also_recover(site, "GRANT SELECT ON _prisma_migrations TO PUBLIC")


def _leave_a_function(site: FaultSite) -> None:
    _also_recover(site, "CREATE FUNCTION settled() RETURNS int LANGUAGE sql AS 'SELECT 1'")


def _leave_a_trigger(site: FaultSite) -> None:
    same = "EXECUTE FUNCTION suppress_redundant_updates_trigger()"
    _also_recover(site, f"CREATE TRIGGER kept BEFORE UPDATE ON _prisma_migrations FOR EACH ROW {same}")


def _lean_on_nothing(site: FaultSite) -> None:
    add_migration(site, 'SET lock_timeout = \'2s\';\nALTER TABLE "invoices" ADD COLUMN "sent" BOOLEAN;')


def _violate_rows(site: FaultSite) -> None:
    sql = 'SET lock_timeout = \'2s\';\nALTER TABLE "orders" ADD CONSTRAINT "known" CHECK ("status" = \'shipped\');'
    add_migration(site, sql)


def _drift(site: FaultSite) -> None:
    add_migration(site, 'SET lock_timeout = \'2s\';\nALTER TABLE "orders" ADD COLUMN IF NOT EXISTS "gift" TEXT;')


def _wait_for_ever(site: FaultSite) -> None:
    add_migration(site, 'ALTER TABLE "orders" ADD COLUMN IF NOT EXISTS "gift" TEXT;')


def _rename(site: FaultSite) -> None:
    sql = 'SET lock_timeout = \'2s\';\nALTER TABLE "orders" RENAME COLUMN "note" TO "remark";'
    add_migration(site, sql, plan=_PLAN)


def _drop(site: FaultSite) -> None:
    add_migration(site, 'SET lock_timeout = \'2s\';\nALTER TABLE "orders" DROP COLUMN "note";', plan=_PLAN)


def _refuse_notes(site: FaultSite) -> None:
    # A request that places an order without a note goes on as before.
    add_migration(
        site,
        'SET lock_timeout = \'2s\';\nALTER TABLE "orders" ADD CONSTRAINT "no_notes" CHECK ("note" IS NULL) NOT VALID;',
    )


def _with_many_rows(site: FaultSite, sql: str) -> None:
    rewrite_rules(site, r"\Z", "\n[policy.migrations.production_rows.orders]\norders = 50_000_000\n")
    add_migration(site, f"SET lock_timeout = '2s';\n{sql}", plan=_PLAN)


def _index_in_the_way(site: FaultSite) -> None:
    _with_many_rows(site, 'CREATE INDEX "by_day" ON "orders" ("placed_at", "status");')


def _rewrite_in_the_way(site: FaultSite) -> None:
    _with_many_rows(site, 'ALTER TABLE "orders" ADD COLUMN "token" UUID DEFAULT gen_random_uuid();')


def _fill_at_once(site: FaultSite) -> None:
    _with_many_rows(site, 'ALTER TABLE "orders" ADD COLUMN "gift" TEXT;\nUPDATE "orders" SET "gift" = \'no\';')


def _validate_for_long(site: FaultSite) -> None:
    rewrite_rules(site, r"\Z", "\n[policy.migrations.production_rows.orders]\norders = 5_000_000_000\n")
    known = 'ALTER TABLE "orders" ADD CONSTRAINT "known" CHECK ("id" IS NOT NULL) NOT VALID;'
    add_migration(site, f"SET lock_timeout = '2s';\n{known}", name=f"{LATEST}_constraint")
    valid = 'ALTER TABLE "orders" VALIDATE CONSTRAINT "known";'
    add_migration(site, f"SET lock_timeout = '2s';\n{valid}", name=f"{int(LATEST) + 1}_fault")


def _half_an_index(site: FaultSite) -> None:
    sql = (
        'CREATE TABLE "visits" ("day" DATE NOT NULL) PARTITION BY RANGE ("day");\n'
        'CREATE TABLE "visits_all" PARTITION OF "visits" FOR VALUES FROM (MINVALUE) TO (MAXVALUE);\n'
        'CREATE INDEX "visits_by_day" ON ONLY "visits" ("day");'
    )
    add_migration(site, f"SET lock_timeout = '2s';\n{sql}")


def _fault(name: str, title: str, control: str, check: str, location: str, message: str, inject: Inject) -> Fault:
    return Fault(id=name, title=title, control=control, check=check, location=location, message=message, inject=inject)


_FOLDER = "prisma/migrations"
_NOT_ENDED = "the deployment does not exit non-zero"

FAULTS = (
    _fault(
        "impatient-replicas",
        "replicas that find another one migrating give up at once",
        _START,
        "applied-once",
        _FOLDER,
        "a replica of several that start at once does not come up",
        _impatient,
    ),
    _fault(
        "served-ahead",
        "the service listens while its migrations are still under way",
        _START,
        "contention-safe",
        _FOLDER,
        "listens while another session holds the migration lock",
        _serve_first,
    ),
    _fault(
        "mark-left-behind",
        "who migrates leaves a mark that only its own end takes away, and a killed replica has none",
        _START,
        "contention-safe",
        _FOLDER,
        "does not come up after the one that held the migration lock was killed",
        _leave_a_mark,
    ),
    _fault(
        "by-a-transaction-pooler",
        "replicas migrate by a pooler in transaction mode, whose session keeps the lock when they have ended",
        _START,
        "contention-safe",
        _FOLDER,
        "the migration lock stays taken after every replica has come up",
        _by_a_pooler,
    ),
    _fault(
        "failure-ends-well",
        "a failed migration ends the process as if all were well",
        _BLOCK,
        "exits-non-zero",
        _FOLDER,
        "the process does not exit non-zero",
        _end_well,
    ),
    _fault(
        "failure-without-a-word",
        "a failed migration ends the process, and nobody writes down why",
        _BLOCK,
        "exits-non-zero",
        _FOLDER,
        "ends without a word of it",
        _end_without_a_word,
    ),
    _fault(
        "failure-swallowed",
        "a failed migration is caught, and the service starts on what is there",
        _BLOCK,
        "never-answers",
        _FOLDER,
        "the new version listens on its port",
        _go_on,
    ),
    _fault(
        "failure-never-settled",
        "the written recovery settles nothing, so no start succeeds again",
        _BLOCK,
        "starts-when-mended",
        _FOLDER,
        "does not start with the migration mended",
        _settle_nothing,
    ),
    _fault(
        "leans-on-nothing",
        "a migration alters a table that somebody made by hand in staging",
        _STAGING,
        "from-empty",
        _FOLDER,
        "do not apply to an empty database",
        _lean_on_nothing,
    ),
    _fault(
        "rewritten-as-built",
        "the build adds a line to each migration, so that what is applied is not what was committed and reviewed",
        _STAGING,
        "from-empty",
        _FOLDER,
        "is applied with another text than is committed",
        _rewrite_as_built,
    ),
    _fault(
        "rows-violate",
        "a constraint is added that rows in production violate",
        _STAGING,
        "from-previous-release",
        _FOLDER,
        "do not apply to its schema with data",
        _violate_rows,
    ),
    _fault(
        "schema-drifts",
        "a migration adds a column that the schema does not know",
        _STAGING,
        "drift-free",
        _FOLDER,
        "is not what the schema says",
        _drift,
    ),
    _fault(
        "syntax-error-swallowed",
        "a syntax error in a migration goes unnoticed",
        _SIMULATED,
        "syntax-error",
        _FOLDER,
        _NOT_ENDED,
        _go_on,
    ),
    _fault(
        "violation-swallowed",
        "a violated constraint goes unnoticed",
        _SIMULATED,
        "constraint-violation",
        _FOLDER,
        _NOT_ENDED,
        _go_on,
    ),
    _fault(
        "cut-swallowed", "a cut connection goes unnoticed", _SIMULATED, "connection-cut", _FOLDER, _NOT_ENDED, _go_on
    ),
    _fault(
        "silence-for-success",
        "a migrating process that is killed says nothing, and that is taken for success",
        _SIMULATED,
        "killed-process",
        _FOLDER,
        f"with the migrating process killed, {_NOT_ENDED}",
        _take_silence_for_success,
    ),
    _fault(
        "refusal-swallowed",
        "a permission refused goes unnoticed",
        _SIMULATED,
        "storage-or-permission",
        _FOLDER,
        f"with a permission refused, {_NOT_ENDED}",
        _end_well,
    ),
    _fault(
        "full-disk-shrugged-off",
        "a full disk is taken for something that passes, and the service starts",
        _SIMULATED,
        "storage-or-permission",
        _FOLDER,
        f"with the disk full, {_NOT_ENDED}",
        _shrug_off_a_full_disk,
    ),
    _fault(
        "lock-without-limit",
        "a migration waits for a busy table as long as it takes",
        _SIMULATED,
        "lock-timeout",
        "_fault/migration.sql",
        "without giving up in time",
        _wait_for_ever,
    ),
    _fault(
        "busy-table-left-for-later",
        "a migration that gave up on a busy table is left for later, and the service starts without it",
        _SIMULATED,
        "lock-timeout",
        _FOLDER,
        "with a lock not had in time, the new version listens on its port",
        _take_a_busy_table_for_later,
    ),
    _fault(
        "renamed-under-the-old",
        "a column that the running release reads is renamed, plan and all",
        _ROLLBACK,
        "old-release-serves",
        _FOLDER,
        "fails requests while a deployment beside it fails",
        _rename,
    ),
    _fault(
        "index-keeps-writers-out",
        "an index of a large table is built while nobody can write to it",
        _ROLLBACK,
        "old-release-serves",
        "_fault/migration.sql:2",
        "keeps writers out of orders for too long",
        _index_in_the_way,
    ),
    _fault(
        "rewrite-keeps-all-out",
        "a large table is rewritten while nobody can read it",
        _ROLLBACK,
        "old-release-serves",
        "_fault/migration.sql:2",
        "keeps readers and writers out of orders for too long",
        _rewrite_in_the_way,
    ),
    _fault(
        "filled-at-once",
        "a new column of a large table is filled in the transaction that adds it",
        _ROLLBACK,
        "old-release-serves",
        "_fault/migration.sql:2",
        "keeps readers and writers out of orders for too long",
        _fill_at_once,
    ),
    _fault(
        "validated-past-the-limit",
        "a constraint of a huge table is validated, which takes longer than a statement may",
        _ROLLBACK,
        "old-release-serves",
        "_fault/migration.sql:2",
        "is cut off before its end",
        _validate_for_long,
    ),
    _fault(
        "index-left-invalid",
        "an index of a partitioned table is begun and never finished",
        _ROLLBACK,
        "old-release-serves",
        "_fault/migration.sql",
        "leaves an index that is not valid",
        _half_an_index,
    ),
    _fault(
        "recovery-leaves-open",
        "the written recovery leaves the failed migration unsettled",
        _ROLLBACK,
        "recovery-clean",
        _FOLDER,
        "does not end clean",
        _settle_nothing,
    ),
    _fault(
        "recovery-leaves-a-grant",
        "the written recovery lets everybody read a table, and leaves it so",
        _ROLLBACK,
        "recovery-clean",
        _FOLDER,
        "does not end clean",
        _leave_a_grant,
    ),
    _fault(
        "recovery-leaves-a-function",
        "the written recovery makes a function for itself, and leaves it behind",
        _ROLLBACK,
        "recovery-clean",
        _FOLDER,
        "does not end clean",
        _leave_a_function,
    ),
    _fault(
        "recovery-leaves-a-trigger",
        "the written recovery puts a trigger on a table, and leaves it there",
        _ROLLBACK,
        "recovery-clean",
        _FOLDER,
        "does not end clean",
        _leave_a_trigger,
    ),
    _fault(
        "dropped-under-the-old",
        "a column that the running release writes is dropped, plan and all",
        _ROLLBACK,
        "previous-code-compatible",
        _FOLDER,
        "fails on the new release's schema",
        _drop,
    ),
    _fault(
        "notes-refused-under-the-old",
        "a column that the running release writes, but no declared request of it, may hold nothing any more",
        _ROLLBACK,
        "previous-tests-pass",
        _FOLDER,
        "fails on the new release's schema",
        _refuse_notes,
    ),
)
