-- flow.yaml for wrk: a token out of a JSON body, carried by the header of the next request. wrk calls request() and
-- response() for a thread, not for a connection, so tokens are exchanged between connections; the work is the same.
local token
local ask = true

function request()
  if ask or not token then
    return wrk.format("GET", "/token")
  end
  return wrk.format("GET", "/me", { Authorization = "Bearer " .. token })
end

function response(status, headers, body)
  local found = string.match(body, '"token"%s*:%s*"([^"]+)"')
  if found then
    token = found
  end
  ask = not ask
end
