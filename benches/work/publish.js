// The server of subscribers.py: `node publish.js ws|better-sse` prints its address and publishes until it is killed.
// Each subscriber gets a message a second, at a phase of its own, with the time of sending by this process's clock in
// milliseconds since 1970, to the microsecond. WebSockets are spoken by the package ws, server-sent events by better-sse.
const http = require("http");
const { performance } = require("perf_hooks");

const SLOTS = 1000; // of a second
const slots = Array.from({ length: SLOTS }, () => new Set());
let subscribers = 0;

// Keeps a subscriber until what it gives back is called.
function subscribe(send) {
  const slot = slots[subscribers++ % SLOTS];
  slot.add(send);
  return () => slot.delete(send);
}

// A slot at a time: what is written leaves this process only between two of them, and a stamp must not wait for others.
function publish() {
  const start = performance.now();
  let slot = 0;
  (function next() {
    const late = performance.now() - start - (slot * 1000) / SLOTS;
    if (late < 0) return setTimeout(next, 1);
    for (const send of slots[slot % SLOTS]) {
      send({ type: "position", vehicle: slot, lat: 48.1, lon: 11.5, at: performance.timeOrigin + performance.now() });
    }
    slot++;
    setImmediate(next);
  })();
}

const server = http.createServer();
if (process.argv[2] === "ws") {
  const { WebSocketServer } = require("ws");
  new WebSocketServer({ server, perMessageDeflate: false }).on("connection", (socket) => {
    socket.on("close", subscribe((message) => socket.send(JSON.stringify(message))));
    socket.on("error", () => {});
  });
} else {
  const { createSession } = require("better-sse");
  server.on("request", async (request, response) => {
    const session = await createSession(request, response, { keepAlive: null });
    session.once("disconnected", subscribe((message) => session.push(message)));
  });
}
server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
  publish();
});
