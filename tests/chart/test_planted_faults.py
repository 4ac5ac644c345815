"""What no validator sees: a release without a fault, and a release with each fault that can be made."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.chart.check import faults
from tests.chart.check.manifest import Manifest, Workload
from tests.chart.planting import (
    by_the_clock,
    container_of,
    egress_to,
    job_of,
    pod_of,
    policy,
    the,
    told,
    variable,
    volume,
    without,
)
from tests.chart.rendering import EVERY, rendered

Plant = Callable[[list[Manifest]], object]


@pytest.mark.parametrize("name", EVERY)
def test_a_release_has_no_fault(name: str) -> None:
    """Whatever is switched on."""
    assert faults(rendered(name)) == []


PLANTED: dict[str, tuple[Plant, str]] = {
    # Selectors.
    "a selector of no pods": (
        lambda m: the(m, "Service", "routing")["spec"]["selector"].update(x="y"),
        "Service mont-saint-hilaire-routing selects 0 workloads",
    ),
    "a selector of everything": (
        lambda m: the(m, "Service", "intake")["spec"]["selector"].pop("app.kubernetes.io/component"),
        "Service mont-saint-hilaire-intake selects 10 workloads",
    ),
    "a Deployment that does not know its pods": (
        lambda m: the(m, "Deployment", "intake")["spec"]["selector"]["matchLabels"].update(x="y"),
        "does not select its own pods",
    ),
    "a spread over others' pods": (
        lambda m: pod_of(m)["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"].pop(
            "app.kubernetes.io/component"
        ),
        "spreads other pods than its own",
    ),
    "a policy for nobody": (lambda m: policy(m)["podSelector"]["matchLabels"].update(x="y"), "selects nothing"),
    "a monitor of nothing": (
        lambda m: the(m, "ServiceMonitor", "intake")["spec"]["selector"]["matchLabels"].update(x="y"),
        "selects 0 Services",
    ),
    # Ports.
    "a Service to a port that is not there": (
        lambda m: the(m, "Service", "reporting")["spec"]["ports"][0].update(targetPort="web"),
        "leads to 'web'",
    ),
    "an Ingress to a Service that is not there": (
        lambda m: without(m, "Service", "reporting"),
        "leads to Service mont-saint-hilaire-reporting, which is not there",
    ),
    "an Ingress to a port that is not there": (
        lambda m: the(m, "Service", "intake")["spec"]["ports"][0].update(name="web"),
        "leads to port 'http' that Service mont-saint-hilaire-intake does not have",
    ),
    "an Ingress without TLS": (
        lambda m: the(m, "Ingress", "intake")["spec"].pop("tls"),
        "serves demandes.ville.example in clear",
    ),
    "a monitor of another path": (
        lambda m: the(m, "ServiceMonitor", "intake")["spec"]["endpoints"][0].update(path="/stats"),
        "asks /stats, which nobody serves",
    ),
    "a monitor by another protocol": (
        lambda m: the(m, "ServiceMonitor", "intake")["spec"]["endpoints"][0].update(scheme="http"),
        "asks by http, and Service mont-saint-hilaire-intake answers otherwise",
    ),
    "a policy that opens a port of nobody": (
        lambda m: policy(m)["ingress"][0]["ports"][0].update(port="web"),
        "opens 'web'",
    ),
    # Probes.
    "a probe on a port that is not there": (
        lambda m: container_of(m)["readinessProbe"]["httpGet"].update(port="web"),
        "readinessProbe asks port 'web'",
    ),
    "a probe of a path that nobody serves": (
        lambda m: container_of(m)["startupProbe"]["httpGet"].update(path="/health"),
        "startupProbe asks /health, which nobody serves",
    ),
    "liveness that asks the broker": (
        lambda m: container_of(m, "routing")["livenessProbe"]["httpGet"].update(path="/readyz"),
        "livenessProbe asks /readyz, not /livez",
    ),
    "a probe in clear": (
        lambda m: container_of(m)["livenessProbe"]["httpGet"].pop("scheme"),
        "livenessProbe asks by HTTP, it answers by HTTPS",
    ),
    "no readiness": (lambda m: container_of(m, "deadlines").pop("readinessProbe"), "has no readinessProbe"),
    "another port than it listens on": (
        lambda m: variable(m, "CLIC_HTTP_PORT").update(value="9090"),
        "listens on 9090, its port http is another",
    ),
    # Accounts.
    "an account that is not there": (
        lambda m: without(m, "ServiceAccount", "ops"),
        "runs as an account that is not there",
    ),
    "the namespace's account": (lambda m: pod_of(m).pop("serviceAccountName"), "runs as an account that is not there"),
    "a token": (lambda m: pod_of(m).pop("automountServiceAccountToken"), "mounts a token"),
    "an account with a token": (
        lambda m: the(m, "ServiceAccount", "intake").pop("automountServiceAccountToken"),
        "lets its token be mounted",
    ),
    # Scaling and disruption.
    "a number beside a scaler": (
        lambda m: the(m, "Deployment", "intake")["spec"].update(replicas=2),
        "says how many it is, and so does",
    ),
    "a scaler of nobody": (
        lambda m: the(m, "ScaledObject", "routing")["spec"]["scaleTargetRef"].update(name="router"),
        "scales a Deployment that is not there",
    ),
    "a scaler the wrong way round": (
        lambda m: the(m, "ScaledObject", "routing")["spec"].update(minReplicaCount=9),
        "has a least number above its most",
    ),
    "no number at all": (lambda m: without(m, "ScaledObject", "deadlines"), "does not say how many it is"),
    "a budget that lets nobody go": (
        lambda m: the(m, "PodDisruptionBudget", "reporting")["spec"].update(maxUnavailable=0),
        "lets no instance of 2 go",
    ),
    "a budget that needs all": (
        lambda m: (
            (
                the(m, "PodDisruptionBudget", "reporting")["spec"].pop("maxUnavailable"),
                the(m, "PodDisruptionBudget", "reporting")["spec"].update(minAvailable=2),
            )
        ),
        "lets no instance of 2 go",
    ),
    "a budget that lets all go": (
        lambda m: the(m, "PodDisruptionBudget", "reporting")["spec"].update(maxUnavailable=2),
        "lets all 2 instances go at once",
    ),
    "no budget": (lambda m: without(m, "PodDisruptionBudget", "intake"), "has 0 budgets"),
    # Pod Security.
    "root": (lambda m: pod_of(m)["securityContext"].update(runAsNonRoot=False), "runAsNonRoot is False"),
    "a user of the image's choice": (lambda m: pod_of(m)["securityContext"].pop("runAsUser"), "runAsUser is None"),
    "files that it cannot read": (lambda m: pod_of(m)["securityContext"].pop("fsGroup"), "fsGroup is None"),
    "no seccomp profile": (lambda m: pod_of(m)["securityContext"].pop("seccompProfile"), "no seccomp profile"),
    "the node's network": (lambda m: pod_of(m).update(hostNetwork=True), "hostNetwork"),
    "more rights": (
        lambda m: container_of(m)["securityContext"].update(allowPrivilegeEscalation=True),
        "it may get more rights",
    ),
    "a root that can be written to": (
        lambda m: container_of(m)["securityContext"].pop("readOnlyRootFilesystem"),
        "its root can be written to",
    ),
    "a capability": (
        lambda m: container_of(m)["securityContext"]["capabilities"].update(add=["NET_ADMIN"]),
        "it keeps capabilities",
    ),
    "a container as root": (
        lambda m: container_of(m)["securityContext"].update(runAsUser=0),
        "a container says otherwise than its pod",
    ),
    "a port of the node": (lambda m: container_of(m)["ports"][0].update(hostPort=80), "a port of the node"),
    "Services as variables": (
        lambda m: pod_of(m, "reporting").pop("enableServiceLinks"),
        "Services become variables of its environment",
    ),
    "a job as root": (
        lambda m: Workload(job_of(m, "ops-streams")).pod["securityContext"].update(runAsUser=0),
        "runAsUser is 0",
    ),
    # Resources, images, volumes, stopping.
    "no limit of memory": (lambda m: container_of(m)["resources"].pop("limits"), "has no limit of memory"),
    "nothing asked for": (
        lambda m: container_of(m)["resources"]["requests"].pop("cpu"),
        "does not ask for cpu",
    ),
    "more asked for than there may be": (
        lambda m: container_of(m)["resources"]["requests"].update(memory="2Gi"),
        "asks for more memory than it may have",
    ),
    "whatever image is newest": (
        lambda m: container_of(m, "routing").update(image="registry.ville.example/clic/clic-routing:latest"),
        "is another tomorrow",
    ),
    "an image without a version": (
        lambda m: container_of(m, "routing").update(image="registry.ville.example/clic/clic-routing"),
        "is no image by digest or tag",
    ),
    "another member's image": (
        lambda m: container_of(m, "routing").update(image="registry.ville.example/clic/clic-intake:0.1.0"),
        "is another member's",
    ),
    "a mount of nothing": (lambda m: pod_of(m)["volumes"].remove(volume(m, "tmp")), "mounts tmp, which is not there"),
    "a volume that nobody mounts": (
        lambda m: pod_of(m)["volumes"].append({"name": "more", "emptyDir": {"sizeLimit": "1Mi"}}),
        "mounts more nowhere",
    ),
    "a folder of the node": (
        lambda m: volume(m, "tmp").update(hostPath=volume(m, "tmp").pop("emptyDir")),
        "tmp is a hostPath",
    ),
    "a folder without a bound": (lambda m: volume(m, "tmp")["emptyDir"].clear(), "tmp can fill its node"),
    "a town that can be written to": (
        lambda m: next(v for v in container_of(m)["volumeMounts"] if v["name"] == "town").pop("readOnly"),
        "town is mounted to be written to",
    ),
    "too little time to stop": (
        lambda m: pod_of(m, "deadlines").update(terminationGracePeriodSeconds=15),
        "is killed after 15 s and may take 30",
    ),
    "a stop at once": (lambda m: container_of(m).pop("lifecycle"), "stops while it is still sent requests"),
    "an instance that goes first": (
        lambda m: the(m, "Deployment", "intake")["spec"].pop("strategy"),
        "an instance goes before its successor is ready",
    ),
    # Settings.
    "a variable that nobody reads": (
        lambda m: told(m, "CLIC_MASTER_KEY_FILE", "/etc/clic/secret/nats.nk", "routing"),
        "Deployment mont-saint-hilaire-routing is told CLIC_MASTER_KEY_FILE, which nobody reads",
    ),
    "a variable of somebody else": (lambda m: told(m, "DEBUG", "1"), "is told DEBUG, which is not ours"),
    "a variable twice": (lambda m: told(m, "CLIC_HTTP_PORT", "8080"), "is told CLIC_HTTP_PORT twice"),
    "a setting that is missing": (
        lambda m: container_of(m)["env"].remove(variable(m, "CLIC_MASTER_KEY_FILE")),
        "CLIC_MASTER_KEY_FILE: Field required",
    ),
    "a setting that does not fit": (
        lambda m: variable(m, "CLIC_DIGEST_AT", "deadlines").update(value="seven"),
        "CLIC_DIGEST_AT:",
    ),
    "half a sign-in": (
        lambda m: container_of(m)["env"].remove(variable(m, "CLIC_SMTP_USER")),
        "CLIC_SMTP_USER, CLIC_SMTP_PASSWORD: give both, or neither",
    ),
    "a job that runs the service": (
        lambda m: Workload(job_of(m, "intake-migrate")).pod["containers"][0].pop("args"),
        "does not migrate",
    ),
    "a job that knows more than it needs": (
        lambda m: (
            Workload(job_of(m, "intake-migrate"))
            .pod["containers"][0]["env"]
            .append({"name": "CLIC_NATS_USER", "value": "intake"})
        ),
        "is told CLIC_NATS_USER, which nobody reads",
    ),
    "a command that is not there": (
        lambda m: Workload(job_of(m, "ops-streams")).pod["containers"][0].update(args=["streams", "make"]),
        "there is no `clic streams make`",
    ),
    "an option that is not there": (
        lambda m: Workload(job_of(m, "ops-streams")).pod["containers"][0]["args"].append("--force"),
        "there is no `clic streams apply --replicas 3 --wait-s 300 --force`",
    ),
    "ops as somebody else": (
        lambda m: (
            Workload(job_of(m, "ops-streams"))
            .pod["containers"][0]["env"]
            .__setitem__(1, {"name": "CLIC_NATS_USER", "value": "intake"})
        ),
        "does not sign in to NATS as ops",
    ),
    "a backup by whoever operates": (
        lambda m: by_the_clock(m)["containers"][0]["env"][1].update(value="ops"),
        "keeper-backup does not sign in to NATS as keeper",
    ),
    "a backup of another command": (
        lambda m: by_the_clock(m)["containers"][0].update(args=["backup", "everything"]),
        "there is no `clic backup everything`",
    ),
    "a backup that is told too much": (
        lambda m: by_the_clock(m)["containers"][0]["env"].append({"name": "CLIC_PUBLIC_URL", "value": "x"}),
        "keeper-backup is told CLIC_PUBLIC_URL, which nobody reads",
    ),
    "a backup that does not reach a database": (
        lambda m: without(m, "NetworkPolicy", "keeper-backup"),
        "keeper-backup may not reach clic-postgres-rw.postgres.svc.cluster.local:5432",
    ),
    "a rebuild by the service's image": (
        lambda m: by_the_clock(m, "reporting-rebuild")["containers"][0].update(
            image="registry.ville.example/clic/clic-reporting:0.1.0"
        ),
        "reporting-rebuild: registry.ville.example/clic/clic-reporting:0.1.0 is another member's",
    ),
    "a service that keeps something": (
        lambda m: (volume(m, "tmp").pop("emptyDir"), volume(m, "tmp").update(persistentVolumeClaim={"claimName": "x"})),
        "tmp stays, and a service keeps nothing",
    ),
    # Files, secrets and the town.
    "a file that is not mounted": (
        lambda m: variable(m, "CLIC_NATS_CA_FILE").update(value="/etc/clic/nats-ca/bundle.crt"),
        "CLIC_NATS_CA_FILE is /etc/clic/nats-ca/bundle.crt, where nothing is mounted",
    ),
    "a certificate in an address that is not mounted": (
        lambda m: volume(m, "postgres-ca")["secret"]["items"][0].update(path="root.crt"),
        "CLIC_POSTGRES_URL is /etc/clic/postgres-ca/ca.crt, where nothing is mounted",
    ),
    "a key that nobody reads": (
        lambda m: volume(m, "secret", "routing")["secret"]["items"].append({"key": "master.key", "path": "master.key"}),
        "is given /etc/clic/secret/master.key, which no setting names",
    ),
    "a town that is not there": (lambda m: without(m, "ConfigMap", "town"), "which is not there"),
    "a letter that is not mounted": (
        lambda m: volume(m, "town")["configMap"]["items"].pop(),
        "has a key that is not mounted: vocabulary.yaml",
    ),
    "a letter that was not written": (
        lambda m: the(m, "ConfigMap", "town")["data"].pop("letters..answer.fr.j2"),
        "has no letters..answer.fr.j2",
    ),
    # Networks.
    "no way to the database": (
        lambda m: policy(m, "deadlines")["egress"].remove(egress_to(m, 5432, "deadlines")),
        "may not reach clic-postgres-rw.postgres.svc.cluster.local:5432",
    ),
    "no way to the mail server": (
        lambda m: policy(m)["egress"].remove(egress_to(m, 587)),
        "may not reach relais.ville.example:587",
    ),
    "another namespace's database": (
        lambda m: egress_to(m, 5432)["to"][0]["namespaceSelector"]["matchLabels"].update(
            {"kubernetes.io/metadata.name": "autre"}
        ),
        "may not reach clic-postgres-rw.postgres.svc.cluster.local:5432",
    ),
    "a way that nothing needs": (
        lambda m: policy(m, "routing")["egress"].append(egress_to(m, 5432)),
        "routing may reach port 5432, and nothing says why",
    ),
    "a way to everybody": (lambda m: egress_to(m, 5432).pop("to"), "may reach everybody, or by every port"),
    "a way by every port": (lambda m: egress_to(m, 5432).pop("ports"), "may reach everybody, or by every port"),
    "no names": (
        lambda m: the(m, "NetworkPolicy", "default-deny")["spec"].update(egress=[]),
        "may not ask for names",
    ),
    "a new connection that no policy knows": (
        lambda m: told(m, "CLIC_WEBHOOK", "https://ailleurs.example"),
        "whether it connects to CLIC_WEBHOOK is not known here",
    ),
    "a job that reaches nothing": (
        lambda m: without(m, "NetworkPolicy", "ops-streams"),
        "may not reach nats.nats.svc.cluster.local:4222",
    ),
    "everybody may come in": (lambda m: policy(m)["ingress"][0].pop("from"), "hears everybody, or on every port"),
    "an Ingress that is not let in": (
        lambda m: policy(m)["ingress"].pop(0),
        "has 2 reasons to be spoken to on port http, and hears 1",
    ),
    "somebody who has no reason": (
        lambda m: policy(m, "routing")["ingress"].append(policy(m)["ingress"][0]),
        "routing has 1 reasons to be spoken to on port http, and hears 2",
    ),
    "mail that is not let in": (
        lambda m: policy(m)["ingress"].pop(),
        "has port lmtp, where nobody may speak to it",
    ),
    "no denial": (
        lambda m: m.__setitem__(slice(None), [each for each in m if each["kind"] != "NetworkPolicy"]),
        "mont-saint-hilaire-intake: Ingress is open",
    ),
    "a denial one way": (
        lambda m: (
            [each["spec"].update(policyTypes=["Ingress"]) for each in m if each["kind"] == "NetworkPolicy"] and None
        ),
        "mont-saint-hilaire-intake: Egress is open",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found(name: str) -> None:
    """By its own check, in its own words: one that finds nothing is no check."""
    plant, says = PLANTED[name]
    manifests = rendered("full")
    plant(manifests)
    found = faults(manifests)
    assert any(says in each for each in found), found
