import { expect, test } from "vitest";
import { stackOf } from "./stack";

const PYTHON = `Traceback (most recent call last):
  File "/app/shop/orders.py", line 12, in place
    charge(card)
    ~~~~~~^^^^^^
  File "/usr/lib/python3.11/site-packages/stripe/api.py", line 99, in charge
    raise CardDeclined("no funds")
CardDeclined: no funds`;

test("Python's frames, own code told from libraries, the newest last", () => {
  const stack = stackOf(PYTHON);
  expect(stack?.newestLast).toBe(true);
  expect(stack?.end).toBe("CardDeclined: no funds");
  expect(stack?.frames).toEqual([
    { file: "/app/shop/orders.py", line: 12, function: "place", code: "charge(card)", own: true },
    {
      file: "/usr/lib/python3.11/site-packages/stripe/api.py",
      line: 99,
      function: "charge",
      code: 'raise CardDeclined("no funds")',
      own: false,
    },
  ]);
});

test("of a chain of Python's exceptions the last counts", () => {
  const chain = `Traceback (most recent call last):\n  File "a.py", line 1, in f\n    x\nKeyError: 'a'\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File "b.py", line 2, in g\n    y\nValueError: b`;
  expect(stackOf(chain)?.frames.map((frame) => frame.file)).toEqual(["b.py"]);
  expect(stackOf(chain)?.end).toBe("ValueError: b");
});

test("JavaScript's", () => {
  const stack = stackOf("TypeError: x is null\n    at load (/app/src/page.js:10:5)\n    at node:internal/process:1:2");
  expect(stack?.newestLast).toBe(false);
  expect(stack?.end).toBe("TypeError: x is null");
  expect(stack?.frames.map((frame) => [frame.function, frame.file, frame.line, frame.own])).toEqual([
    ["load", "/app/src/page.js", 10, true],
    ["", "node:internal/process", 1, false],
  ]);
});

test("Java's", () => {
  const stack = stackOf(
    "java.lang.IllegalStateException: no\n\tat shop.Orders.place(Orders.java:7)\n\tat java.base/java.lang.Thread.run(Thread.java:1)",
  );
  expect(stack?.frames.map((frame) => [frame.function, frame.file, frame.line, frame.own])).toEqual([
    ["shop.Orders.place", "Orders.java", 7, true],
    ["java.base/java.lang.Thread.run", "Thread.java", 1, false],
  ]);
});

test("Go's", () => {
  const stack = stackOf(
    "goroutine 7 [running]:\nmain.handle(0xc000012345)\n\t/app/main.go:12 +0x1d\nnet/http.HandlerFunc.ServeHTTP(...)\n\t/usr/local/go/src/net/http/server.go:2136 +0x29",
  );
  expect(stack?.end).toBe("goroutine 7 [running]:");
  expect(stack?.frames.map((frame) => [frame.function, frame.file, frame.line, frame.own])).toEqual([
    ["main.handle", "/app/main.go", 12, true],
    ["net/http.HandlerFunc.ServeHTTP", "/usr/local/go/src/net/http/server.go", 2136, false],
  ]);
});

test("what is no stack stays text", () => expect(stackOf("it broke")).toBeUndefined());
