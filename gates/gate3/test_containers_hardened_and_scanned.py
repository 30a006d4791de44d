"""Criterion 2 of gate 3: containers are hardened and scanned. Task 3.2 of the plan."""

from __future__ import annotations

import pytest

from exitgate.checks.containers import (
    added_capabilities,
    blind_health_checks,
    build_leftovers,
    build_tools,
    confinement_breaks,
    declared_strangers,
    development_packages,
    failed_builds,
    foreign_bases,
    foreign_images,
    granted_attempts,
    images_from_elsewhere,
    incomplete_sboms,
    invalid_scans,
    irreproducible_builds,
    kept_capabilities,
    lax_policies,
    lax_scan_limits,
    leaked_secrets,
    missing_budgets,
    missing_image_health_check,
    missing_task_health_check,
    never_healthy,
    open_folders,
    oversized_images,
    privileged_files,
    processes_outside,
    standing_misconfigurations,
    standing_vulnerabilities,
    undeclared_bases,
    undivided_builds,
    undivided_contents,
    undropped_capabilities,
    unfiltered_system_calls,
    unlocked_packages,
    unsafe_settings,
    writable_files,
)
from exitgate.dockerfile import Dockerfile
from exitgate.observe.attempts import Attempts
from exitgate.observe.built_stages import BuiltStages
from exitgate.observe.contents import ImageContents
from exitgate.observe.deployed_image import DeployedImage
from exitgate.observe.differences import Rebuild
from exitgate.observe.image import ImageFacts
from exitgate.observe.life import Life
from exitgate.observe.lockfiles import Lockfile
from exitgate.observe.misconfigurations import Misconfigurations
from exitgate.observe.scan import ImageScan
from exitgate.observe.secrets import SecretScan
from exitgate.observe.sources import Sources
from exitgate.observe.task_definition import TaskDefinition
from exitgate.policy import ContainerPolicy, VulnerabilityPolicy
from exitgate.provision.images import Build
from exitgate.target import Target, Workload

pytest_plugins = ("exitgate.fixtures.containers", "exitgate.fixtures.scanning")


@pytest.mark.check("3.2.A.1", "policy-declared")
def test_base_images_are_declared(target: Target) -> None:
    """The target's rules list the base images that deployed stages may start from, each by digest."""
    assert undeclared_bases(target) == []


@pytest.mark.check("3.2.A.1", "base-allowed")
def test_the_deployed_stage_is_made_of_allowed_images(
    dockerfile: Dockerfile, container_policy: ContainerPolicy, workload: Workload
) -> None:
    """The deployed stage starts from an image on the policy's list, by digest, and takes from no other image directly."""
    assert foreign_bases(dockerfile, container_policy, workload.build_args, workload.stage) == []


@pytest.mark.check("3.2.A.2", "policy-declared")
def test_a_non_root_policy_is_declared(target: Target) -> None:
    """The target's rules name the users and groups that containers may run as, and root is not among them."""
    assert lax_policies(target) == []


@pytest.mark.check("3.2.A.2", "setuid-files")
def test_no_file_of_the_image_gives_privileges(image: ImageFacts, container_policy: ContainerPolicy) -> None:
    """No file in the image has setuid or setgid bits or capabilities, but for those that the policy lists."""
    assert privileged_files(image, container_policy) == []


@pytest.mark.check("3.2.A.2", "added-capabilities")
def test_no_capability_is_added(task_definition: TaskDefinition, container_policy: ContainerPolicy) -> None:
    """The task definition is not privileged and adds no capability that the policy does not allow."""
    assert added_capabilities(task_definition, container_policy) == []


@pytest.mark.check("3.2.A.2", "open-folders")
def test_no_folder_may_be_written_by_everybody(image: ImageFacts) -> None:
    """No folder of the image may be written by everybody, but for those of temporary files."""
    assert open_folders(image) == []


@pytest.mark.check("3.2.A.3", "policy-declared")
def test_every_image_has_a_budget(target: Target) -> None:
    """The target's rules give every workload a budget for the size of its image."""
    assert missing_budgets(target) == []


@pytest.mark.check("3.2.A.3", "within-budget")
def test_no_image_is_over_its_budget(
    contents: ImageContents, dockerfile: Dockerfile, budgeted: Workload, container_policy: ContainerPolicy
) -> None:
    """The image, all layers together, is no larger than its budget."""
    assert oversized_images(contents, dockerfile, budgeted, container_policy) == []


@pytest.mark.check("3.2.B.1.2", "no-build-tools")
def test_the_image_holds_no_tool_for_building(
    contents: ImageContents,
    image: ImageFacts,
    dockerfile: Dockerfile,
    workload: Workload,
    container_policy: ContainerPolicy,
) -> None:
    """The image holds no compiler and no package manager, and no shell where the policy refuses them."""
    assert build_tools(contents, image, dockerfile, workload, container_policy) == []


@pytest.mark.check("3.2.B.1.2", "no-sources")
def test_no_layer_holds_what_the_image_was_made_of(
    contents: ImageContents,
    sources: Sources,
    dockerfile: Dockerfile,
    workload: Workload,
    container_policy: ContainerPolicy,
) -> None:
    """No layer holds sources, tests, caches, version control, local variables, credentials or private keys."""
    assert build_leftovers(contents, sources, dockerfile, workload, container_policy) == []


@pytest.mark.check("3.2.B.1.2", "no-debugging")
def test_nothing_opens_the_process_to_others(
    contents: ImageContents,
    image: ImageFacts,
    task_definition: TaskDefinition,
    dockerfile: Dockerfile,
    workload: Workload,
    container_policy: ContainerPolicy,
) -> None:
    """No variable and no argument opens a debugger, loads foreign code or switches checks off."""
    assert unsafe_settings(contents, image, task_definition, dockerfile, workload, container_policy) == []


@pytest.mark.check("3.2.B.1.3", "no-dev-packages")
def test_no_package_is_there_for_development_alone(contents: ImageContents, lockfile: Lockfile) -> None:
    """No package of the image is one that the lockfile reaches through development dependencies alone."""
    assert development_packages(contents, lockfile) == []


@pytest.mark.check("3.2.B.1.3", "locked-versions")
def test_every_package_is_locked_at_its_version(contents: ImageContents, lockfile: Lockfile) -> None:
    """Every npm package of the image is in the lockfile, at its version."""
    assert unlocked_packages(contents, lockfile) == []


@pytest.mark.check("3.2.B.1.1", "stages-declared")
def test_the_program_is_built_in_a_stage_of_its_own(
    dockerfile: Dockerfile, task_definition: TaskDefinition, workload: Workload
) -> None:
    """The program that the deployed stage runs is copied from a stage that built it, and that is not deployed."""
    assert undivided_builds(dockerfile, task_definition, workload.build_args, workload.stage) == []


@pytest.mark.check("3.2.B.1.1", "stages-differ")
def test_the_stages_hold_what_their_names_say(
    contents: ImageContents, built_stages: BuiltStages, dockerfile: Dockerfile, workload: Workload
) -> None:
    """The earlier stages hold build tools that the deployed one lacks, and made the program that it runs."""
    assert undivided_contents(contents, built_stages, dockerfile, workload.stage) == []


@pytest.mark.check("3.2.B.2.1", "declared-user")
def test_the_declared_user_is_not_root(
    image: ImageFacts,
    task_definition: TaskDefinition,
    dockerfile: Dockerfile,
    container_policy: ContainerPolicy,
    workload: Workload,
) -> None:
    """The image and the task definition name a user whose numbers, resolved in the image, lie in the policy's ranges."""
    assert declared_strangers(image, task_definition, dockerfile, container_policy, workload.stage) == []


@pytest.mark.check("3.2.B.2.1", "every-process")
def test_every_process_runs_as_a_non_root_user(answering: Life, container_policy: ContainerPolicy) -> None:
    """Every process and thread, from start to stop, has user and group ids in the policy's ranges, supplementary ones too."""
    assert processes_outside(answering, container_policy) == []


@pytest.mark.check("3.2.B.2.2", "drops-all")
def test_all_capabilities_are_dropped(task_definition: TaskDefinition) -> None:
    """The task definition drops all capabilities."""
    assert undropped_capabilities(task_definition) == []


@pytest.mark.check("3.2.B.2.2", "effective-sets")
def test_no_process_holds_a_capability(answering: Life, container_policy: ContainerPolicy) -> None:
    """None of the five capability sets of any process holds what the policy does not allow."""
    assert kept_capabilities(answering, container_policy) == []


@pytest.mark.check("3.2.B.2.2", "seccomp")
def test_every_process_has_its_system_calls_filtered(answering: Life) -> None:
    """Every process runs under a seccomp filter."""
    assert unfiltered_system_calls(answering) == []


@pytest.mark.check("3.2.B.2.2", "works-confined")
def test_the_workload_works_while_confined(life: Life) -> None:
    """With its task definition's settings and a read-only root file system the workload starts and answers."""
    assert confinement_breaks(life) == []


@pytest.mark.check("3.2.B.2.3", "in-image")
def test_the_image_has_a_health_check(image: ImageFacts, dockerfile: Dockerfile, workload: Workload) -> None:
    """The image has a HEALTHCHECK."""
    assert missing_image_health_check(image, dockerfile, workload.stage) == []


@pytest.mark.check("3.2.B.2.3", "in-task-definition")
def test_the_task_definition_has_a_health_check(task_definition: TaskDefinition) -> None:
    """The task definition has the health check that ECS runs; a Compose file leaves the image's own on."""
    assert missing_task_health_check(task_definition) == []


@pytest.mark.check("3.2.B.2.3", "goes-healthy")
def test_the_health_check_says_healthy_of_what_works(health_checked: Life) -> None:
    """The health check says healthy of a workload that answers."""
    assert never_healthy(health_checked) == []


@pytest.mark.check("3.2.B.2.3", "goes-unhealthy")
def test_the_health_check_notices_a_workload_that_hangs(once_healthy: Life) -> None:
    """When every process of the workload is stopped, the health check says unhealthy."""
    assert blind_health_checks(once_healthy) == []


@pytest.mark.check("3.2.C.1", "builds")
def test_the_image_builds_from_a_clean_clone(build: Build) -> None:
    """The image builds from a clean clone of the commit."""
    assert failed_builds(build) == []


@pytest.mark.check("3.2.C.2", "policy-declared")
def test_limits_for_findings_of_scanners_are_declared(target: Target) -> None:
    """The target's rules say for how long vulnerabilities may stand, and no limit of theirs lets everything stand."""
    assert lax_scan_limits(target) == []


@pytest.mark.check("3.2.C.2", "scan-valid")
def test_the_scanner_knows_what_it_looks_at(scan: ImageScan, vulnerability_policy: VulnerabilityPolicy) -> None:
    """The scanner recognises a supported system, reads its packages, and has a database of today's knowledge."""
    assert invalid_scans(scan, vulnerability_policy) == []


@pytest.mark.check("3.2.C.2", "no-vulnerabilities")
def test_no_vulnerability_has_stood_too_long(
    telling_scan: ImageScan, vulnerability_policy: VulnerabilityPolicy
) -> None:
    """Neither the image nor its SBOM has a vulnerability that is known for longer than the policy lets its severity stand."""
    assert standing_vulnerabilities(telling_scan, vulnerability_policy) == []


@pytest.mark.check("3.2.C.2", "sbom-complete")
def test_the_sbom_tells_of_everything(
    scan_with_origins: ImageScan, contents: ImageContents, container_policy: ContainerPolicy
) -> None:
    """Every package that the image's own files show stands in its SBOM, and no program comes from nowhere that is listed."""
    assert incomplete_sboms(scan_with_origins, contents, container_policy) == []


@pytest.mark.check("3.2.C.2", "no-secrets")
def test_no_secret_is_in_the_image(
    secret_scan: SecretScan, contents: ImageContents, dockerfile: Dockerfile, workload: Workload
) -> None:
    """No layer, environment variable or build step of the image holds a secret, removed ones included."""
    assert leaked_secrets(secret_scan, contents, dockerfile, workload.stage) == []


@pytest.mark.check("3.2.C.2", "no-misconfigurations")
def test_no_misconfiguration_stands(
    misconfigurations: Misconfigurations, vulnerability_policy: VulnerabilityPolicy
) -> None:
    """Scanners have nothing of the policy's severity against the Dockerfile or the image's configuration."""
    assert standing_misconfigurations(misconfigurations, vulnerability_policy) == []


@pytest.mark.check("3.2.C.1", "reproducible")
def test_two_builds_come_to_the_same_image(rebuild: Rebuild) -> None:
    """Built again from another clean clone, with nothing of the builder's cache, the image holds the same."""
    assert irreproducible_builds(rebuild) == []


@pytest.mark.check("3.2.C.3", "same-image")
def test_what_ran_is_what_was_built(life: Life, build: Build) -> None:
    """The image that ran is the one that was built from the commit."""
    assert foreign_images(life, build) == []


@pytest.mark.check("3.2.C.3", "deployed-image")
def test_production_is_told_to_run_what_is_built(deployed_image: DeployedImage) -> None:
    """The task definition names an image of the repository that the target gives for the workload, where it gives one."""
    assert images_from_elsewhere(deployed_image) == []


@pytest.mark.check("3.2.C.3", "root-filesystem")
def test_writing_to_the_root_file_system_is_refused(attempts: Attempts, contents: ImageContents) -> None:
    """No file can be made in any folder of the image, and no place to write lies over its files."""
    assert writable_files(attempts, contents) == []


@pytest.mark.check("3.2.C.3", "privilege-escalation")
def test_becoming_root_is_refused(attempts: Attempts) -> None:
    """Neither a system call nor a file of the image gives the workload another identity."""
    assert granted_attempts(attempts, "privilege-escalation") == []


@pytest.mark.check("3.2.C.3", "raw-socket")
def test_raw_sockets_are_refused(attempts: Attempts) -> None:
    """No raw or packet socket can be opened."""
    assert granted_attempts(attempts, "raw-socket") == []


@pytest.mark.check("3.2.C.3", "device")
def test_devices_are_refused(attempts: Attempts) -> None:
    """No device can be made, and none of the host's can be opened."""
    assert granted_attempts(attempts, "device") == []


@pytest.mark.check("3.2.C.3", "mount")
def test_mounts_are_refused(attempts: Attempts) -> None:
    """Nothing can be mounted, and no namespace entered in which it could."""
    assert granted_attempts(attempts, "mount") == []
