"""A small stand-in for the Hugging Face hub: it keeps repositories in memory and speaks the part of its protocol that is needed."""

import base64
import contextlib
import hashlib
import http.server
import json
import re
import threading
import urllib.parse


class StandInHub:
    """Repositories by name, each a list of commits (id, files)."""

    def __init__(self):
        self.repositories = {}
        self.private = set()
        self.requests = []
        self.change = lambda path, status, content, headers: (status, content, headers)
        """What becomes of an answer before it is sent; content may be bytes in turn, sent without their length."""
        hub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def do_GET(self):
                hub.answer(self, b"")

            do_HEAD = do_GET

            def do_POST(self):
                if self.headers.get("Transfer-Encoding") == "chunked":
                    body = b""
                    while size := int(self.rfile.readline(), 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                else:
                    body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                hub.answer(self, body)

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def commit(self, repository, files):
        commits = self.repositories.setdefault(repository, [])
        files = {**(commits[-1][1] if commits else {}), **files}
        content = json.dumps([len(commits), sorted((n, hashlib.sha256(c).hexdigest()) for n, c in files.items())])
        commits.append((hashlib.sha1(content.encode()).hexdigest(), files))
        return commits[-1][0]

    def _at(self, repository, revision):
        commits = self.repositories[repository]
        if revision in (None, "main"):
            return commits[-1]
        return next((commit for commit in commits if commit[0] == revision), None)

    def answer(self, request, body):
        url = urllib.parse.urlsplit(request.path)
        path = urllib.parse.unquote(url.path)
        self.requests.append((request.command, path))
        status, content, headers = self.change(path, *self._route(request.command, path, body))
        if isinstance(content, dict | list):
            content, headers = json.dumps(content).encode(), {"Content-Type": "application/json", **headers}
        request.send_response(status)
        if not isinstance(content, bytes):
            for name, value in {"Connection": "close", **headers}.items():
                request.send_header(name, value)
            request.end_headers()
            with contextlib.suppress(OSError):  # nobody listens any more
                for part in content:
                    request.wfile.write(part)
            request.close_connection = True
            return
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            request.send_header(name, value)
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(content)

    def _route(self, command, path, body):
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}" if asked.get("organization") else asked["name"]
            self.repositories.setdefault(name, []) or self.commit(name, {})
            if asked.get("private") or asked.get("visibility") == "private":
                self.private.add(name)
            return 200, {"url": f"{self.address}/{name}"}, {}
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}, {}
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/(revision|tree|preupload|commit)/([^/]+))?", path):
            return self._api(*match.groups(), body)
        if match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            repository, revision, name = match.groups()
            found = self._at(repository, revision) if repository in self.repositories else None
            if found is None or name not in found[1]:
                return 404, b"", {"X-Error-Code": "EntryNotFound"}
            content = found[1][name]
            return 200, content, {"X-Repo-Commit": found[0], "ETag": f'"{hashlib.sha1(content).hexdigest()}"'}
        return 404, b"", {}

    def _api(self, repository, what, revision, body):
        if repository not in self.repositories:
            return 401, {"error": "no"}, {"X-Error-Code": "RepoNotFound"}
        if what == "preupload":
            files = [
                {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False, "oid": None}
                for f in json.loads(body)["files"]
            ]
            return 200, {"files": files}, {}
        if what == "commit":
            lines = [json.loads(line) for line in body.splitlines() if line.strip()]
            files = {
                line["value"]["path"]: base64.b64decode(line["value"]["content"])
                for line in lines
                if line["key"] == "file"
            }
            oid = self.commit(repository, files)
            return (
                200,
                {"success": True, "commitOid": oid, "commitUrl": f"{self.address}/{repository}/commit/{oid}"},
                {},
            )
        found = self._at(repository, revision)
        if found is None:
            return 404, {"error": "no"}, {"X-Error-Code": "RevisionNotFound"}
        sizes = {name: len(content) for name, content in found[1].items()}
        if what == "tree":
            return (
                200,
                [
                    {"type": "file", "path": name, "size": size, "oid": hashlib.sha1(found[1][name]).hexdigest()}
                    for name, size in sizes.items()
                ],
                {},
            )
        siblings = [{"rfilename": name, "size": size} for name, size in sizes.items()]
        return 200, {"id": repository, "modelId": repository, "sha": found[0], "siblings": siblings, "tags": []}, {}
