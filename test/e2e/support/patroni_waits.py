"""Fails when Patroni has no longer one of the waits that quick-patroni shortens, or asks for votes and uses them in another way."""

import ast
import contextlib
import inspect
import io
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

import patroni.api
import patroni.dcs
import patroni.dcs.etcd
import patroni.dcs.etcd3
import patroni.postgresql
import patroni.ha
import patroni.__main__


def sleepers(tree: ast.AST) -> set[str]:
    """Functions that call time.sleep themselves."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            inner = {id(part) for child in ast.walk(node) if isinstance(child, ast.FunctionDef) and child is not node for part in ast.walk(child)}
            if any(isinstance(part, ast.Call) and ast.unparse(part.func) == "time.sleep" and id(part) not in inner for part in ast.walk(node)):
                found.add(node.name)
    return found


assert patroni.postgresql.STOP_POLLING_INTERVAL == 1, "STOP_POLLING_INTERVAL is another one"
asking = inspect.getsource(patroni.ha.Ha.fetch_node_status)
assert "self.patroni.request(member, timeout=2," in asking, f"members are asked in another way: {asking}"
assert "dns_resolver.resolve(host, port)" in inspect.getsource(patroni.dcs.etcd), "addresses are looked up in another way"
serving = inspect.getsource(patroni.api.RestApiServer.process_request)
assert "_executor.submit(self.process_request_thread, request, client_address)" in serving, f"requests are served in another way: {serving}"
ending = inspect.getsource(patroni.__main__.Patroni._shutdown)
assert ending.index("self.api.shutdown()") < ending.index("self.ha.shutdown()"), f"it ends in another order: {ending}"
stopped = inspect.getsource(patroni.ha).count("self.is_failover_possible(cluster_lsn=checkpoint_location)")
assert stopped == 2, f"one that has stopped cleanly asks in {stopped} places that are known"
# What binding_votes.py relies on beside the functions that it replaces
VOTES = {
    patroni.ha.Ha._is_healthiest_node: "self.fetch_nodes_statuses(members)",
    patroni.ha.Ha.fetch_nodes_statuses: "self.fetch_node_status, member",
    patroni.postgresql.Postgresql.follow: "self.config.write_recovery_conf(recovery_params)",
    patroni.postgresql.Postgresql.reload: "block_callbacks",
    patroni.dcs.AbstractDCS.write_sync_state: "self.set_sync_state_value(",
}
for function, part in VOTES.items():
    assert part in inspect.getsource(function), f"{function.__qualname__} is another one, without {part}"
again = inspect.getsource(patroni.dcs.etcd3).count("self._client.txn, compare1, request_put, request_txn")
assert again == 1, f"a lease is taken anew in {again} places that are known"
before = sleepers(ast.parse(inspect.getsource(patroni.ha)))
sys.dont_write_bytecode = True
loader = SourceFileLoader("quick_patroni", "/usr/local/bin/quick-patroni")
quick = module_from_spec(spec_from_loader("quick_patroni", loader))
with contextlib.redirect_stderr(io.StringIO()) as said:
    loader.exec_module(quick)
assert said.getvalue() == "", said.getvalue()
missing = set(quick.WAITS) - before
assert not missing, f"Patroni no longer sleeps in {sorted(missing)}; it does in {sorted(before)}"
print("every wait is there")
