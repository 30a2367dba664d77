#!/usr/bin/env python3
# Goal: a node reaches the hub through the office's HTTP proxy, and only through the one it is told.
# Method: a CONNECT proxy of our own; proxies of the environment point into the void.

import events
import line
import support

VOID = "http://127.0.0.1:9"
ENVIRONMENT = {name: VOID for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY",
                                       "all_proxy")}


class OfficeProxy(support.Case):
    def test_sync_goes_through_the_proxy_of_the_settings(self):
        proxy = line.Proxy()
        self.addCleanup(proxy.close)
        hub = self.hub()
        node = self.node("node", hub, settings=f'[link]\nproxy = "{proxy.url}"\n')
        node.take(events.AFTERNOON)
        self.assertTrue(node.sync()["synced"])
        enrolment_and_sync = [f"CONNECT 127.0.0.1:{hub.port}"] * 2
        self.assertEqual(proxy.asked, enrolment_and_sync)
        self.assert_level(hub, node)
        proxy.close()
        node.command("sync", expect=support.UNAVAILABLE)

    def test_proxies_of_the_environment_are_ignored(self):
        hub = self.hub()
        node = support.Node(self, "node")
        node.command("enroll", hub.new_code(support.BLAO), environment=ENVIRONMENT)
        node.take(events.AFTERNOON)
        done = node.command("sync", "--json", environment=ENVIRONMENT).json
        self.assertTrue(done["synced"])


if __name__ == "__main__":
    support.main()
