"""Faults of 3.4.A.*: rules, history, plans and owners of migrations."""

from __future__ import annotations

import shutil

from exitgate.faults.fault import Fault, FaultSite
from exitgate.faults.migrations.editing import (
    add_migration,
    drop_rules,
    migrations_of,
    rewrite,
    rewrite_rules,
)
from exitgate.target import CONFIGURATION_FILE

_HISTORY, _ROLLBACK, _OWNERS = "3.4.A.1", "3.4.A.2", "3.4.A.3"
_DROP = 'ALTER TABLE "orders" DROP COLUMN "reference";'


def _allow_rewriting(site: FaultSite) -> None:
    rewrite_rules(site, r"^forward_only = true", "forward_only = false")


def _edit(site: FaultSite) -> None:
    path = migrations_of(site)[0] / "migration.sql"
    path.write_text(path.read_text(encoding="utf-8") + "-- one more word\n", encoding="utf-8")


def _rename(site: FaultSite) -> None:
    path = migrations_of(site)[-1]
    path.rename(path.with_name(f"{path.name}_again"))


def _remove(site: FaultSite) -> None:
    shutil.rmtree(migrations_of(site)[1])


def _slip_in(site: FaultSite) -> None:
    add_migration(site, "SELECT 1;", "20260101000000_slipped_in")


def _forget_the_failed_one(site: FaultSite) -> None:
    rewrite_rules(site, r"^recovery = \[.*?^\]", 'recovery = ["prisma migrate deploy"]')


def _drop_column(site: FaultSite) -> None:
    add_migration(site, f"-- squawk-ignore ban-drop-column\n{_DROP}")


def _rename_column(site: FaultSite) -> None:
    add_migration(site, 'ALTER TABLE "orders" RENAME COLUMN "note" TO "remark";')


def _delete_rows(site: FaultSite) -> None:
    add_migration(site, 'DELETE FROM "outbox_events";')


def _demand_of_old_code(site: FaultSite) -> None:
    add_migration(site, 'ALTER TABLE "orders" ADD COLUMN "channel" TEXT NOT NULL;')


def _default_by_row(site: FaultSite) -> None:
    # Told to look away, as reviewers do who take it for a formality.
    sql = '-- squawk-ignore-file\nALTER TABLE "orders" ADD COLUMN "token" UUID DEFAULT gen_random_uuid();'
    add_migration(site, sql)


def _strange_release(site: FaultSite) -> None:
    add_migration(site, _DROP, plan="Unused since: v1.9.9")


def _contract_early(site: FaultSite) -> None:
    add_migration(site, _DROP, plan="Unused since: v2.0.0")


def _no_owner_by_rule(site: FaultSite) -> None:
    rewrite_rules(site, r"^orders = \"@[^\"]*-data\"\n", "")


def _broader_line_last(site: FaultSite) -> None:
    path = site.root / ".github/CODEOWNERS"
    path.write_text(path.read_text(encoding="utf-8") + "/apps/*/prisma/ @reference-shop/platform\n", encoding="utf-8")


def _second_file_first(site: FaultSite) -> None:
    # GitHub looks here last; but when the first is gone, this is the one.
    (site.root / "docs").mkdir()
    (site.root / ".github/CODEOWNERS").rename(site.root / "docs/CODEOWNERS")
    rewrite(site, "docs/CODEOWNERS", r"-data$", "")


def _share_the_database(site: FaultSite) -> None:
    rewrite_rules(site, r'"postgres/catalog"', '"postgres/orders"')


def _share_the_secret(site: FaultSite) -> None:
    rewrite(
        site,
        "deploy/catalog.task-definition.json",
        r"reference-shop/catalog/database-url",
        "reference-shop/orders/database-url",
    )


def _shares_all() -> frozenset[str]:
    return frozenset({"3.4.A.2", "3.4.A.3", "3.4.B.2"})


FAULTS = (
    Fault(
        id="no-migration-policy",
        title="nobody wrote rules for migrations",
        control=_HISTORY,
        check="policy-declared",
        location=CONFIGURATION_FILE,
        message="no rule says that applied migrations are never changed",
        inject=drop_rules,
        also=_shares_all(),
    ),
    Fault(
        id="migrations-may-be-rewritten",
        title="the policy lets applied migrations be changed",
        control=_HISTORY,
        check="policy-declared",
        location=CONFIGURATION_FILE,
        message="lets applied migrations be changed",
        inject=_allow_rewriting,
    ),
    Fault(
        id="migration-edited",
        title="a migration was edited after it was merged",
        control=_HISTORY,
        check="history-unchanged",
        location="_create_orders/migration.sql",
        message="was edited after it counted as applied",
        inject=_edit,
    ),
    Fault(
        id="migration-renamed",
        title="a migration got another name after it was merged",
        control=_HISTORY,
        check="history-unchanged",
        location="_expand_order_note/migration.sql",
        message="was renamed after it counted as applied",
        inject=_rename,
    ),
    Fault(
        id="migration-removed",
        title="a migration was removed after it was merged",
        control=_HISTORY,
        check="history-unchanged",
        location="_create_outbox/migration.sql",
        message="was removed after it counted as applied",
        inject=_remove,
    ),
    Fault(
        id="migration-slipped-in",
        title="a migration from a long-lived branch sorts before all that were applied",
        control=_HISTORY,
        check="order-kept",
        location="20260101000000_slipped_in",
        message="was added ahead of one that was applied before",
        inject=_slip_in,
    ),
    Fault(
        id="recovery-forgets-the-failed",
        title="the written recovery deploys again, and never settles the migration that failed",
        control=_ROLLBACK,
        check="policy-declared",
        location=CONFIGURATION_FILE,
        message="settles the migration that failed",
        inject=_forget_the_failed_one,
    ),
    Fault(
        id="column-dropped-unplanned",
        title="a column is dropped in passing, the linter told to look away",
        control=_ROLLBACK,
        check="destructive-planned",
        location="_fault/migration.sql:2",
        message="drops a column, and has no plan",
        inject=_drop_column,
    ),
    Fault(
        id="column-renamed-unplanned",
        title="a column that the running release uses is renamed",
        control=_ROLLBACK,
        check="destructive-planned",
        location="_fault/migration.sql:1",
        message="and has no plan",
        inject=_rename_column,
    ),
    Fault(
        id="rows-deleted-unplanned",
        title="a migration clears a table",
        control=_ROLLBACK,
        check="destructive-planned",
        location="_fault/migration.sql:1",
        message="deletes all rows of a table, and has no plan",
        inject=_delete_rows,
    ),
    Fault(
        id="column-demanded-unplanned",
        title="a column is demanded that the running release does not fill",
        control=_ROLLBACK,
        check="destructive-planned",
        location="_fault/migration.sql:1",
        message="demands of old code a column that it does not fill, and has no plan",
        inject=_demand_of_old_code,
    ),
    Fault(
        id="default-rewrites-unplanned",
        title="a default that differs by row rewrites a table, the linter told to look away",
        control=_ROLLBACK,
        check="destructive-planned",
        location="_fault/migration.sql:2",
        message="rewrites a table, and has no plan",
        inject=_default_by_row,
    ),
    Fault(
        id="plan-names-no-release",
        title="a plan names a release that never was",
        control=_ROLLBACK,
        check="destructive-planned",
        location="_fault/plan.md",
        message="names a release that there is not",
        inject=_strange_release,
    ),
    Fault(
        id="contracted-early",
        title="a column is dropped in the release after the one that stopped using it",
        control=_ROLLBACK,
        check="destructive-planned",
        location="_fault/plan.md",
        message="contracts too early",
        inject=_contract_early,
    ),
    Fault(
        id="no-owner-by-rule",
        title="the policy names no owner for a service's migrations",
        control=_OWNERS,
        check="policy-declared",
        location=CONFIGURATION_FILE,
        message="names no owner of the migrations of orders",
        inject=_no_owner_by_rule,
    ),
    Fault(
        id="codeowners-overridden",
        title="a broader line at the end of CODEOWNERS takes the migrations from their owner",
        control=_OWNERS,
        check="codeowners-cover",
        location=".github/CODEOWNERS:2",
        message="does not give the migrations of orders to the owner",
        inject=_broader_line_last,
    ),
    Fault(
        id="codeowners-moved",
        title="CODEOWNERS was moved, and the data teams were lost on the way",
        control=_OWNERS,
        check="codeowners-cover",
        location="docs/CODEOWNERS",
        message="does not give the migrations of orders to the owner",
        inject=_second_file_first,
    ),
    Fault(
        id="database-shared",
        title="the catalog was pointed at the database of orders",
        control=_OWNERS,
        check="one-database",
        location=CONFIGURATION_FILE,
        message="catalog refers to the database of orders",
        inject=_share_the_database,
    ),
    Fault(
        id="database-secret-shared",
        title="the catalog's task definition takes the secret of orders' database",
        control=_OWNERS,
        check="one-database",
        location="deploy/catalog.task-definition.json",
        message="catalog refers to the database of orders",
        inject=_share_the_secret,
    ),
)
