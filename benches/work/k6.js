// The work of side-by-side.sh for k6: WORK=get|json|tls|flow in a closed loop, WORK=open at 500 req/s.
import http from "k6/http";
import { check } from "k6";

const base = __ENV.BASE;
const ok = { "status is 200": (answer) => answer.status === 200 };

export const options =
  __ENV.WORK === "open"
    ? {
        scenarios: {
          open: { executor: "constant-arrival-rate", rate: 500, timeUnit: "1s", duration: "10s", preAllocatedVUs: 64 },
        },
      }
    : { insecureSkipTLSVerify: true };

export default function () {
  if (__ENV.WORK === "flow") {
    const token = http.get(`${base}/token`).json("token");
    check(http.get(`${base}/me`, { headers: { Authorization: `Bearer ${token}` } }), ok);
  } else {
    check(http.get(__ENV.URL || base + __ENV.URL_PATH), ok);
  }
}
