"""Which storage calls clients retry, and which they must not: the eight scenarios of the storage clients' retry strategy.

A scenario is (number, whether the call ends well, whether it carries its precondition, instruction lists, methods).
Every method runs with every list: 315 cases, 191 of them without access control lists and HMAC keys.
"""
ACLS = ("bucket_acl", "default_object_acl", "object_acl")

RETRIED_TWICE = [["return-503", "return-503"],
                 ["return-reset-connection", "return-reset-connection"],
                 ["return-reset-connection", "return-503"]]
FAILS_AT_ONCE = [["return-503"], ["return-reset-connection"]]
NEVER_RETRIED = [["return-400"], ["return-401"]]
RETRIED_ONCE = [["return-503", "return-400"], ["return-reset-connection", "return-401"]]


def family(name, verbs):
    return [f"storage.{name}.{verb}" for verb in verbs.split()]


ACL_READS = [m for acl in ACLS for m in family(acl, "get list")]
ACL_WRITES = [m for acl in ACLS for m in family(acl, "delete insert patch update")]
ALWAYS_IDEMPOTENT = (
    family("buckets", "delete get getIamPolicy insert list lockRetentionPolicy testIamPermissions")
    + family("notifications", "delete get list") + family("objects", "get list")
    + family("serviceaccount", "get") + family("hmacKey", "delete get list") + ACL_READS)
WITH_PRECONDITION = (
    family("buckets", "patch setIamPolicy update") + family("hmacKey", "update")
    + family("objects", "compose copy delete insert patch rewrite update"))
NEVER_IDEMPOTENT = family("notifications", "insert") + family("hmacKey", "create") + ACL_WRITES

SCENARIOS = [
    (1, True, False, RETRIED_TWICE, ALWAYS_IDEMPOTENT),
    (2, True, True, RETRIED_TWICE, WITH_PRECONDITION),
    (3, False, False, FAILS_AT_ONCE, WITH_PRECONDITION),
    (4, False, False, FAILS_AT_ONCE, NEVER_IDEMPOTENT),
    (5, False, False, NEVER_RETRIED, ALWAYS_IDEMPOTENT + WITH_PRECONDITION + NEVER_IDEMPOTENT),
    (6, False, True, RETRIED_ONCE, ALWAYS_IDEMPOTENT + WITH_PRECONDITION),
    (7, True, True, [["return-reset-connection", "return-503"], ["return-408"], ["return-503-after-256K"],
                     ["return-503-after-8192K", "return-408"]], ["storage.resumable.upload"]),
    (8, True, False, [["return-broken-stream", "return-broken-stream"], ["return-broken-stream-after-256K"]],
     ["storage.objects.download"]),
]
# Groups of calls that are one method to the fault injection API.
INJECTED_AS = {"storage.resumable.upload": "storage.objects.insert", "storage.objects.download": "storage.objects.get"}


def is_acl_or_hmac(method):
    return "_acl." in method or ".hmacKey." in method


def cases():
    for number, succeeds, precondition, plans, methods in SCENARIOS:
        for method in methods:
            for plan in plans:
                yield number, succeeds, precondition, method, plan
