"""Calls /test.Echo/Name through xds:/// for every line of standard input, and prints the answer or the status."""

import sys

import grpc


def as_is(data):
    return data


def main():
    channel = grpc.insecure_channel(sys.argv[1])
    call = channel.unary_unary("/test.Echo/Name", as_is, as_is)
    for _ in sys.stdin:
        try:
            answer = call(b"", timeout=10, wait_for_ready=False).decode()
        except grpc.RpcError as error:
            answer = f"{error.code().name} {error.details()}"
        print(answer.replace("\n", " "), flush=True)


if __name__ == "__main__":
    main()
