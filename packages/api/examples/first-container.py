"""
From an account to a running container and back, with Python 3.8 or newer and nothing else:

  BERTH_URL=http://127.0.0.1:3000 BERTH_ACCOUNT=li BERTH_PASSWORD='…' \\
    python3 packages/api/examples/first-container.py [image] [name]

`image` is one of those that GET /api/images shows, by default the newest; `name` is the container's, by default
`first`. With BERTH_KEEP=1 the container is left running.
"""

import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

URL = os.environ.get("BERTH_URL", "http://127.0.0.1:3000")


class Refused(Exception):
    """What the server says where it does not do what it was asked."""

    def __init__(self, status, code, message, details):
        super().__init__(message)
        self.status, self.code, self.details = status, code, details


class Berth:
    def __init__(self, account, password):
        self.token = None
        # Only a hash of the password leaves this process.
        hashed = hashlib.sha256(password.encode()).hexdigest()
        self.token = self.call("POST", "/api/auth/login", {"account": account, "password": hashed})["access_token"]

    def call(self, method, path, body=None, key=None):
        """The answer. Where none comes, the same call with the same key may be made again: it acts once."""
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if key:
            headers["Idempotency-Key"] = key
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(URL + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Refused(error.code, **json.load(error)["error"]) from None

    def wait_until(self, container_id, wanted):
        """The container, once it is in that phase. What happens meanwhile is shown."""
        shown = None
        while True:
            container = self.call("GET", f"/api/containers/{container_id}")
            phase, message = container["phase"], container["message"]
            if phase == wanted:
                return container
            if phase == "Failed":
                sys.exit(f"The container failed: {message}")
            if phase != shown:
                print(f"{phase} {message}".strip())
            shown = phase
            time.sleep(0.5)


def main(image=None, name="first"):
    account, password = os.environ.get("BERTH_ACCOUNT"), os.environ.get("BERTH_PASSWORD")
    if not account or not password:
        sys.exit("Set BERTH_ACCOUNT and BERTH_PASSWORD.")
    berth = Berth(account, password)

    for machine in berth.call("GET", "/api/machine/info"):
        state = "online" if machine["online"] else "offline"
        print(f"machine {machine['machine_id']} is {state} and has {len(machine['gpu'])} GPUs")

    if image is None:
        images = berth.call("GET", "/api/images?limit=1")["items"]
        if not images:
            sys.exit("There is no image yet: an admin adds one.")
        image = images[0]["name"]
    wish = {"name": name, "image": image, "gpu_count": 0}
    container_id = berth.call("POST", "/api/containers", wish, key=str(uuid.uuid4()))["container_id"]
    print(f"container {container_id} is recorded")

    connect = berth.wait_until(container_id, "Running")["connect"]
    print(f"container {container_id} runs")
    for way in [connect["ssh"] or "no ssh", *connect["urls"]]:
        print(f"connect: {way}")

    for line in berth.call("GET", f"/api/containers/{container_id}/logs?tail=5")["lines"]:
        print(f"log: {line}")
    if os.environ.get("BERTH_KEEP"):
        return

    berth.call("POST", f"/api/containers/{container_id}/stop", {})
    berth.wait_until(container_id, "Stopped")
    berth.call("DELETE", f"/api/containers/{container_id}")
    print(f"container {container_id} is stopped and deleted")


try:
    main(*sys.argv[1:])
except Refused as refused:
    sys.exit(str(refused))
