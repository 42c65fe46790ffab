#!/usr/bin/env python3
"""object_server: an API server for tests on a port of 127.0.0.1 that it prints: objects with resourceVersion, list, watch, merge patch, server-side apply.

PUT replaces an object as an operator would; `PUT /control` takes {"fail": {PATH PREFIX: STATUS}, "conflicts": N}: requests under a path fail, the next N writes meet
a conflict. It ends with its standard input.
"""
import http.server
import json
import sys
import threading
import urllib.parse

STATUS = {'kind': 'Status', 'apiVersion': 'v1', 'metadata': {}, 'status': 'Failure'}
changed = threading.Condition()
objects, events, control = {}, [], {'fail': {}, 'conflicts': 0}
ended = threading.Event()


class Refused(Exception):
    def __init__(self, code, reason, message):
        super().__init__(message)
        self.code, self.reason = code, reason


def version():
    return str(len(events) + 1)


def store(path, obj, kind):
    """Call it with `changed` held."""
    if obj is None:
        obj, kind = objects.pop(path), 'DELETED'
    obj = json.loads(json.dumps(obj))
    obj.setdefault('metadata', {})['resourceVersion'] = str(len(events) + 2)
    if kind != 'DELETED':
        objects[path] = obj
    events.append((path.rsplit('/', 1)[0], kind, obj))
    changed.notify_all()
    return obj


def merge(target, patch):
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict):
            target[key] = merge(target.get(key) or {}, value)
        else:
            target[key] = value
    return target


def apply_bundles(target, patch, query):
    """Server-side apply of exactly the field that podfit may own."""
    if query.get('fieldManager') != ['podfit-ca'] or query.get('force') != ['true']:
        raise Refused(400, 'BadRequest', 'wrong field manager')
    entries = {entry['name']: entry for entry in target['webhooks']}
    for entry in patch['webhooks']:
        if set(entry) != {'name', 'clientConfig'} or set(entry['clientConfig']) != {'caBundle'} or entry['name'] not in entries:
            raise Refused(422, 'Invalid', 'more than caBundle')
        entries[entry['name']].setdefault('clientConfig', {})['caBundle'] = entry['clientConfig']['caBundle']
    return target


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def answer(self, code, obj):
        body = json.dumps(obj).encode()
        self.send_response(code)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def chunk(self, data):
        self.wfile.write(b'%x\r\n%s\r\n' % (len(data), data))
        self.wfile.flush()

    def serve(self):
        parts = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(parts.query)
        body = self.rfile.read(int(self.headers.get('Content-Length', '0')))
        try:
            self.refuse(parts.path)
            if parts.path == '/control':
                control.update(json.loads(body))
                self.answer(200, {})
            elif 'watch' in query:
                self.watch(parts.path, query)
            else:
                self.answer(200, getattr(self, 'do_' + self.command.lower())(parts.path, query, json.loads(body or 'null')))
        except Refused as error:
            self.answer(error.code, dict(STATUS, code=error.code, reason=error.reason, message=str(error)))
        except OSError:
            self.close_connection = True  # the client went away

    def refuse(self, path):
        for prefix, code in control['fail'].items():
            if path.startswith(prefix):
                raise Refused(code, 'Forbidden' if code == 403 else 'InternalError', 'it is to fail')
        if self.command in ('POST', 'PATCH') and control['conflicts'] > 0:
            control['conflicts'] -= 1
            raise Refused(409, 'Conflict', 'another was faster')

    def watch(self, path, query):
        if 'sendInitialEvents' in query:
            raise Refused(422, 'Invalid', 'sendInitialEvents is forbidden')
        name = query['fieldSelector'][0].split('=')[1]
        at = int(query['resourceVersion'][0]) - 1
        self.send_response(200)
        self.send_header('Transfer-Encoding', 'chunked')
        self.end_headers()
        while not ended.is_set():
            with changed:
                changed.wait_for(lambda: len(events) > at or ended.is_set(), timeout=5)
                fresh, at = events[at:], len(events)
            for collection, kind, obj in fresh:
                if collection == path and obj['metadata']['name'] == name:
                    self.chunk(json.dumps({'type': kind, 'object': obj}).encode() + b'\n')

    @staticmethod
    def do_get(path, query, _):
        with changed:
            if 'fieldSelector' in query:
                name = query['fieldSelector'][0].split('=')[1]
                items = [o for p, o in objects.items() if p == path + '/' + name]
                return {'kind': 'List', 'apiVersion': 'v1', 'metadata': {'resourceVersion': version()}, 'items': items}
            if path not in objects:
                raise Refused(404, 'NotFound', 'it is not there')
            return objects[path]

    @staticmethod
    def do_post(path, _, body):
        path += '/' + body['metadata']['name']
        with changed:
            if path in objects:
                raise Refused(409, 'AlreadyExists', 'it is there')
            return store(path, body, 'ADDED')

    def do_patch(self, path, query, body):
        with changed:
            if path not in objects:
                raise Refused(404, 'NotFound', 'it is not there')
            old = json.loads(json.dumps(objects[path]))
            wanted = body.get('metadata', {}).get('resourceVersion')
            if wanted and wanted != old['metadata']['resourceVersion']:
                raise Refused(409, 'Conflict', 'it has changed')
            applied = self.headers['Content-Type'] == 'application/apply-patch+yaml' and 'webhooks' in old
            return store(path, apply_bundles(old, body, query) if applied else merge(old, body), 'MODIFIED')

    @staticmethod
    def do_put(path, _, body):
        with changed:
            return store(path, body, 'MODIFIED' if path in objects else 'ADDED')

    @staticmethod
    def do_delete(path, *_):
        with changed:
            if path not in objects:
                raise Refused(404, 'NotFound', 'it is not there')
            return store(path, None, 'DELETED')

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # the client went away


def main():
    server = Server(('127.0.0.1', 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    ended.set()


main()
