"""The CronJob and the compose file run one night as nobody, who may write to the catalog's volume alone."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
KUBERNETES, COMPOSE = DEPLOY / "kubernetes", DEPLOY / "compose" / "compose.yaml"


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def job_spec() -> Any:
    return loaded(KUBERNETES / "cronjob.yaml")["spec"]


def test_one_night_at_a_time_which_is_not_repeated() -> None:
    spec = job_spec()
    job = spec["jobTemplate"]["spec"]
    assert (spec["concurrencyPolicy"], spec["timeZone"]) == ("Forbid", "Etc/UTC")
    assert job["backoffLimit"] == 0
    assert job["activeDeadlineSeconds"] >= 3600
    assert job["template"]["spec"]["restartPolicy"] == "Never"


def test_the_pod_is_nobody_and_its_root_is_read_only() -> None:
    pod = job_spec()["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["command"][:2] == ["landproof", "nightly"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}
    assert [mount["name"] for mount in container["volumeMounts"] if mount.get("readOnly")] == ["settings"]


def test_the_claim_settings_and_secrets_are_those_that_the_job_asks_for() -> None:
    customized = loaded(KUBERNETES / "kustomization.yaml")
    pod = job_spec()["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    named = {volume["name"]: volume for volume in pod["volumes"]}
    assert (
        named["catalog"]["persistentVolumeClaim"]["claimName"] == loaded(KUBERNETES / "volume.yaml")["metadata"]["name"]
    )
    assert named["settings"]["configMap"]["name"] == customized["configMapGenerator"][0]["name"]
    assert container["envFrom"][0]["secretRef"]["name"] == customized["secretGenerator"][0]["name"]
    assert container["image"] == customized["images"][0]["name"]


def test_the_service_is_one_pod_as_careful_as_the_nights_and_is_asked_whether_it_lives_and_can_answer() -> None:
    deployment, service = yaml.safe_load_all((KUBERNETES / "service.yaml").read_text(encoding="utf-8"))
    night = job_spec()["jobTemplate"]["spec"]["template"]["spec"]
    assert (deployment["spec"]["replicas"], deployment["spec"]["strategy"]["type"]) == (1, "Recreate")
    pod = deployment["spec"]["template"]["spec"]
    for key in ("securityContext", "automountServiceAccountToken", "volumes"):
        assert pod[key] == night[key]
    (container,), (nightly,) = pod["containers"], night["containers"]
    for key in ("image", "env", "envFrom", "securityContext", "volumeMounts"):
        assert container[key] == nightly[key]
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert service["spec"]["selector"] == deployment["spec"]["template"]["metadata"]["labels"]


def test_kustomize_puts_the_parts_together(tmp_path: Path) -> None:
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")
    folder = shutil.copytree(KUBERNETES, tmp_path / "kubernetes")
    (folder / "landproof.toml").write_text('[zones.cja]\nurl = "s3://bucket"\n', encoding="utf-8")
    (folder / "secret.env").write_text("BACKUP_KEY=k\n", encoding="utf-8")
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    made = {one["kind"]: one for one in yaml.safe_load_all(done.stdout)}
    assert set(made) == {"ConfigMap", "Secret", "PersistentVolumeClaim", "CronJob", "Deployment", "Service"}
    serving = made["Deployment"]["spec"]["template"]["spec"]
    assert serving["containers"][0]["image"] == "registry.example.com/landproof:0.1.0"
    assert serving["volumes"][0]["configMap"]["name"] == made["ConfigMap"]["metadata"]["name"]
    pod = made["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == "registry.example.com/landproof:0.1.0"
    assert pod["containers"][0]["envFrom"][0]["secretRef"]["name"] == made["Secret"]["metadata"]["name"]


def test_the_services_of_compose_are_nobody_and_read_only() -> None:
    services = loaded(COMPOSE)["services"]
    assert services["nightly"]["entrypoint"] == ["landproof", "nightly"]
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert not service["user"].startswith("0")
        assert "LANDPROOF_IMAGE" in service["image"]
    assert services["nightly"]["profiles"] == ["nightly"], "or `up` would start it"
    assert services["nightly"]["restart"] == "no"


def test_the_metrics_of_compose_are_on_loopback_alone() -> None:
    assert all(port.startswith("127.0.0.1:") for port in loaded(COMPOSE)["services"]["metrics"]["ports"])


def test_compose_takes_its_file(tmp_path: Path) -> None:
    command = _compose()
    if command is None:
        pytest.skip("docker compose is not installed")
    folder = shutil.copytree(COMPOSE.parent, tmp_path / "compose")
    for name in ("landproof.toml", "storage-key"):
        (folder / name).touch()
    done = subprocess.run([*command, "-f", str(folder / COMPOSE.name), "config"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["services"].keys() >= {"metrics"}


def _compose() -> list[str] | None:
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            tried = subprocess.run([*command, "version"], capture_output=True, env={**os.environ, "PYTHONWARNINGS": ""})
            if tried.returncode == 0:
                return command
    return None
