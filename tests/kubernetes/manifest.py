#!/usr/bin/python3
# manifest.py FILE [--container]    looks at contrib/kubernetes/scx_ccx.yaml: TAP; or prints, as JSON, what the container may do
#
# Not a schema of Kubernetes: names of fields are compared with those of the API's objects that the manifest uses, and values
# with what docs/fleets.md promises. The last line is "N passed, M failed, 0 skipped".
import json
import re
import sys

import yaml

FIELDS = {  # of the objects that are used here, as the API's reference has them
    "": "apiVersion kind metadata spec data",
    "metadata": "name namespace labels annotations",
    "spec": "selector minReadySeconds updateStrategy template revisionHistoryLimit",
    "selector": "matchLabels matchExpressions",
    "updateStrategy": "type rollingUpdate",
    "rollingUpdate": "maxUnavailable maxSurge",
    "template": "metadata spec",
    "template.spec": "nodeSelector affinity tolerations hostPID hostNetwork hostIPC automountServiceAccountToken serviceAccountName "
    "enableServiceLinks terminationGracePeriodSeconds priorityClassName securityContext containers initContainers volumes",
    "containers": "name image imagePullPolicy command args env ports securityContext resources startupProbe livenessProbe "
    "readinessProbe volumeMounts",
    "securityContext": "runAsUser runAsGroup runAsNonRoot privileged allowPrivilegeEscalation readOnlyRootFilesystem capabilities "
    "seccompProfile",
    "capabilities": "add drop",
    "seccompProfile": "type localhostProfile",
    "resources": "requests limits",
    "exec": "command",
    "volumeMounts": "name mountPath readOnly",
    "volumes": "name emptyDir configMap hostPath",
    "emptyDir": "medium sizeLimit",
    "configMap": "name optional items",
}
PROBE = "exec periodSeconds timeoutSeconds failureThreshold initialDelaySeconds successThreshold"
FIELDS.update({probe: PROBE for probe in ("startupProbe", "livenessProbe", "readinessProbe")})
FREE = {"labels", "matchLabels", "nodeSelector", "data", "requests", "limits"}  # names are the user's

failed = number = 0


def check(name, good):
    global failed, number
    number += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {number} - {name}")


def unknown(value, kind="", path=""):
    """Names that are no fields, as paths."""
    if isinstance(value, list):
        return [bad for item in value for bad in unknown(item, kind, path)]
    if not isinstance(value, dict) or kind in FREE:
        return []
    bad = []
    for key, inner in value.items():
        if key not in FIELDS.get(kind, "").split():
            bad.append(f"{path}.{key}")
        bad += unknown(inner, "template.spec" if kind == "template" and key == "spec" else key, f"{path}.{key}")
    return bad


def mebibytes(quantity):
    return int(re.fullmatch(r"(\d+)Mi", quantity)[1])


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        documents = list(yaml.safe_load_all(file))
    by_kind = {document["kind"]: document for document in documents}
    daemon_set, config, namespace = by_kind["DaemonSet"], by_kind["ConfigMap"], by_kind["Namespace"]
    pod = daemon_set["spec"]["template"]["spec"]
    container = pod["containers"][0]
    security = container["securityContext"]
    if "--container" in sys.argv:
        # what tests/vm/container gives the program
        json.dump({"args": container["args"], "capabilities": [c.lower() for c in security["capabilities"]["add"]],
                   "memory": mebibytes(container["resources"]["limits"]["memory"]) << 20, "settings": config["data"],
                   "probe": container["livenessProbe"]["exec"]["command"],
                   "run_bytes": mebibytes(pod["volumes"][0]["emptyDir"]["sizeLimit"]) << 20}, sys.stdout)
        return 0

    strange = unknown(documents)
    check(f"all fields are the API's{': not ' + ' '.join(strange) if strange else ''}", not strange)
    check("its three objects are in one namespace",
          {daemon_set["metadata"]["namespace"], config["metadata"]["namespace"], namespace["metadata"]["name"]} == {"scx-ccx"})
    check("the selector selects its pods",
          daemon_set["spec"]["selector"]["matchLabels"].items() <= daemon_set["spec"]["template"]["metadata"]["labels"].items())
    check("only nodes with the label", pod["nodeSelector"] == {"kubernetes.io/arch": "amd64", "scx-ccx": "on"})
    check("the PIDs of the host, nothing else of it",
          (pod["hostPID"], pod["hostNetwork"], pod["hostIPC"]) == (True, False, False))
    check("no file of the host", not any("hostPath" in volume for volume in pod["volumes"]))
    check("no account of the cluster's", pod["automountServiceAccountToken"] is False)
    check("one container", len(pod["containers"]) == 1 and "initContainers" not in pod)
    check("all capabilities are dropped but three", security["capabilities"] ==
          {"drop": ["ALL"], "add": ["BPF", "PERFMON", "IPC_LOCK"]})
    check("not privileged, and no way to become it",
          security["privileged"] is False and security["allowPrivilegeEscalation"] is False)
    check("a read-only root", security["readOnlyRootFilesystem"] is True)
    check("the filter of system calls of the container's runtime", security["seccompProfile"] == {"type": "RuntimeDefault"})
    resources = container["resources"]
    check("memory: a request and a limit", 0 < mebibytes(resources["requests"]["memory"]) < mebibytes(resources["limits"]["memory"]))
    check("CPU time: a request, no limit", "cpu" in resources["requests"] and "cpu" not in resources["limits"])
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        check(f"{probe} asks the control socket, with time to answer",
              container[probe]["exec"]["command"] == ["scx_ccx", "stats", "--json"] and container[probe]["timeoutSeconds"] >= 10)
    check("the control socket's directory is in memory", pod["volumes"][0]["emptyDir"]["medium"] == "Memory")
    names = {volume["name"] for volume in pod["volumes"]}
    check("what is mounted is there", {mount["name"] for mount in container["volumeMounts"]} == names)
    check("the settings come from the ConfigMap", pod["volumes"][1]["configMap"]["name"] == config["metadata"]["name"])
    rollout = daemon_set["spec"]["updateStrategy"]
    check("one node after the other, each watched", rollout["rollingUpdate"] == {"maxUnavailable": 1, "maxSurge": 0} and
          daemon_set["spec"]["minReadySeconds"] >= 60)
    print(f"1..{number}\n{number - failed} passed, {failed} failed, 0 skipped")
    return failed != 0


sys.exit(main())
