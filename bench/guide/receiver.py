"""The receiver that the provider's guide shows: Flask, verify, answer. It keeps nothing."""
import hashlib
import hmac
import os

from flask import Flask, request

app = Flask(__name__)
SECRET = os.environ["BENCH_SECRET"].encode()


@app.post("/webhook")
def webhook():
    body = request.get_data()
    signed = f'{request.headers["x-cg-timestamp"]}:{request.headers["x-cg-event-id"]}:'.encode() + body
    expected = hmac.new(SECRET, signed, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, request.headers["x-cg-signature"]):
        return "", 401
    request.get_json()
    return "", 204
