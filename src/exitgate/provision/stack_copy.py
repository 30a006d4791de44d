"""A stack's code in a throwaway copy, initialised: its own providers and modules, no state, and no backend but a local file."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path
from typing import Final

from filelock import FileLock

from exitgate.errors import ExitgateError, ObservationError, PrerequisiteMissing
from exitgate.provision.diagnostics import Places, error_in
from exitgate.provision.redaction import redaction_of
from exitgate.provision.terraform import Terraform, TerraformTool, find_mirror, write_configuration
from exitgate.provision.variables import declared_variables, write_values
from exitgate.target import Stack, Target

_BACKEND: Final = 'terraform {\n  backend "local" {}\n}\n'
LEFT_OUT: Final = frozenset({".git", "node_modules", ".terraform"})
"""Folders that are not copied."""
NETWORK: Final = re.compile(
    r"proxyconnect|request send failed|connection refused|no such host|i/o timeout|dial tcp|no valid credential|"
    r"failed to get shared config|InvalidClientTokenId|no EC2 IMDS",
    re.IGNORECASE,
)
"""What programs say who reach nobody."""
_NO_PROVIDER: Final = re.compile(
    r"Failed to query available provider packages|Failed to install provider|no available releases match|"
    r"required_version|Unsupported Terraform Core version|dependency lock file|Could not retrieve the list",
    re.IGNORECASE,
)


def initialised_copy(tool: TerraformTool, folder: Path, target: Target, stack: Stack, timeout_s: float) -> Terraform:
    """Copy the target below ``folder/tree`` and initialise a stack in it, with no state but a local one that is yet to come.

    Raises:
        PrerequisiteMissing: if there is no root module, or a provider can't be had.
        ObservationError: if the code is not valid, or the program hangs.
    """
    tree = folder / "tree"
    shutil.copytree(target.directory, tree, symlinks=True, ignore=lambda _, names: LEFT_OUT.intersection(names))
    root = tree / stack.path
    if not any(root.glob("*.tf")) and not any(root.glob("*.tf.json")) and not any(root.glob("*.tofu")):
        raise PrerequisiteMissing(
            f"stack {stack.name}",
            got=f"no file of {tool.name} in {stack.path}",
            expected="a root module",
            action="Correct [[infrastructure.stack]] path.",
        )
    for state in (*root.glob("*.tfstate*"), *root.glob("terraform.tfstate.d")):
        # A committed state would be planned against: what it says is there would look as if the code made it.
        shutil.rmtree(state) if state.is_dir() else state.unlink()
    if stack.override:
        shutil.copy(target.directory / stack.override, root / Path(stack.override).name)
    # After every other override file: the last one decides where the state lies, and no run touches the real one.
    (root / "zz_exitgate_override.tf").write_text(_BACKEND, encoding="utf-8")
    home = folder / "home"
    home.mkdir()
    terraform = Terraform(
        tool=tool,
        root=root,
        home=home,
        configuration=write_configuration(folder, find_mirror()),
        timeout_s=timeout_s,
        workspace=stack.workspace,
        redact=redaction_of(tree, root, stack.variables),
        places=Places(root=stack.path, tree=tree, override=stack.override or ""),
    )
    _initialise(terraform, stack, folder.parent)
    return terraform


def variable_files(terraform: Terraform, folder: Path, stack: Stack, name: str = "own.tfvars") -> list[str]:
    """Return the options that give a stack its variables; what ``exitgate.toml`` sets goes by a file in the folder, and last."""
    options = [f"-var-file={folder / 'tree' / each}" for each in stack.var_files]
    if stack.variables:
        own = folder / name
        write_values(own, stack.variables, declared_variables(terraform.root))
        options.append(f"-var-file={own}")
    return options


def _initialise(terraform: Terraform, stack: Stack, kept_in: Path) -> None:
    """Initialise a root module; one that a stack before it had, with the same locks and override, gets what that one got.

    Terraform takes the checksum of each provider anew, which for one of 650 MB is most of what it does here.
    """
    lock = terraform.root / ".terraform.lock.hcl"
    if not lock.is_file():
        _init(terraform, stack)
        return
    code = hashlib.sha256(stack.path.encode())
    for path in sorted({lock, *terraform.root.glob("*.tf"), *terraform.root.glob("*.tf.json")}):
        code.update(path.read_bytes())
    kept = kept_in / f"initialised-{code.hexdigest()[:16]}"
    made = terraform.root / ".terraform"
    with FileLock(f"{kept}.lock"):
        if kept.is_dir():
            shutil.copytree(kept, made, symlinks=True)
            return
        _init(terraform, stack, "-lockfile=readonly")
        if made.is_dir():  # Code with neither providers nor modules gets none.
            shutil.copytree(made, kept, symlinks=True)


def _init(terraform: Terraform, stack: Stack, *options: str) -> None:
    initialised = terraform.run("init", "-input=false", *options, online=True)
    if initialised.exit_code != 0:
        raise _init_failure(terraform, stack, initialised.stdout + initialised.stderr)


def _init_failure(terraform: Terraform, stack: Stack, text: str) -> ExitgateError:
    tool, got = terraform.tool, error_in(text, terraform.places)
    if _NO_PROVIDER.search(got) or NETWORK.search(got):
        return PrerequisiteMissing(
            f"{tool.name} init of stack {stack.name}",
            got=got,
            expected="its providers and modules, from a registry or a mirror",
            action="`exitgate doctor` says where they are looked for.",
        )
    return ObservationError(
        f"{tool.name} init of stack {stack.name}",
        got=got,
        expected="code that is valid",
        action=f"Mend it; `{tool.name} validate` says more.",
    )
