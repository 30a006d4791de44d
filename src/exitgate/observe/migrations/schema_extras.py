"""What a database's schema has beside tables, columns, keys and indexes: triggers, functions, views, row policies and grants."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

_NAMED = """
WITH n AS (SELECT * FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'),
  extensions AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e')
"""
"""The schemas that people make, and what belongs to extensions: it is the extension's."""
# Texts of several lines are told by a short digest: that they differ is what counts, and a finding has one line.
_QUERIES = (
    """
    SELECT 'trigger ' || t.tgname || ' of ' || t.tgrelid::regclass,
      pg_get_triggerdef(t.oid) || CASE t.tgenabled WHEN 'O' THEN '' ELSE ', not always on (' || t.tgenabled::text || ')' END
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN n ON n.oid = c.relnamespace
    WHERE NOT t.tgisinternal
    """,
    """
    SELECT 'function ' || p.oid::regprocedure,
      'text ' || left(md5(CASE WHEN p.prokind = 'a' THEN 'aggregate' ELSE pg_get_functiondef(p.oid) END), 8)
    FROM pg_proc p JOIN n ON n.oid = p.pronamespace
    WHERE ('pg_proc'::regclass, p.oid) NOT IN (SELECT * FROM extensions)
    """,
    """
    SELECT 'view ' || c.oid::regclass, 'text ' || left(md5(pg_get_viewdef(c.oid)), 8)
    FROM pg_class c JOIN n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('v', 'm') AND ('pg_class'::regclass, c.oid) NOT IN (SELECT * FROM extensions)
    """,
    """
    SELECT 'row policy ' || p.polname || ' of ' || p.polrelid::regclass, p.polcmd::text || ' text ' || left(md5(concat_ws(' ',
      p.polpermissive, p.polroles::regrole[], pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))), 8)
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN n ON n.oid = c.relnamespace
    UNION ALL
    SELECT 'row security of ' || c.oid::regclass, CASE WHEN c.relforcerowsecurity THEN 'forced' ELSE 'on' END
    FROM pg_class c JOIN n ON n.oid = c.relnamespace WHERE c.relrowsecurity
    """,
    """
    SELECT 'grant of ' || g.privilege_type || ' on ' || g.what || ' to '
      || CASE g.grantee WHEN 0 THEN 'everybody' ELSE g.grantee::regrole::text END,
      CASE WHEN bool_or(g.is_grantable) THEN 'to be passed on' ELSE 'there' END
    FROM (
      SELECT c.oid::regclass::text AS what, a.* FROM pg_class c JOIN n ON n.oid = c.relnamespace,
        aclexplode(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) a
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      UNION ALL
      SELECT c.oid::regclass || '.' || t.attname, a.* FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid
        JOIN n ON n.oid = c.relnamespace, aclexplode(t.attacl) a
      UNION ALL
      SELECT p.oid::regprocedure::text, a.* FROM pg_proc p JOIN n ON n.oid = p.pronamespace,
        aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      WHERE ('pg_proc'::regclass, p.oid) NOT IN (SELECT * FROM extensions)
      UNION ALL
      SELECT 'schema ' || n.nspname, a.* FROM n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
    ) g GROUP BY 1, g.privilege_type, g.what, g.grantee
    """,
)


def read_schema_extras(connection: psycopg.Connection) -> dict[str, str]:
    """Return triggers, functions, views, row policies and grants by name, each with what tells it from another of that name."""
    connection.execute("SET search_path = public")
    rows = [row for query in _QUERIES for row in connection.execute((_NAMED + query).encode()).fetchall()]
    return {str(name): str(what) for name, what in rows}
