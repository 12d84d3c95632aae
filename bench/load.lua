-- Sends each prepared request once. The file holds the number of bodies, the bodies, then a line of
-- "timestamp id signature" for each request, which has the bodies in turn.
local rows, bodies, count, thread_count = {}, {}, 0, 0

function setup(thread)
  thread:set("offset", thread_count)
  thread_count = thread_count + 1
end

function init(args)
  local file = io.open(args[1])
  for number = 1, file:read("*n", "*l") do
    local body = file:read("*l")
    bodies[number] = { body = body, head =
      "POST /webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: " ..
      #body .. "\r\n" }
  end
  for line in file:lines() do
    local timestamp, id, signature = line:match("(%S+) (%S+) (%S+)")
    rows[#rows + 1] = "x-cg-timestamp: " .. timestamp .. "\r\nx-cg-event-id: " .. id ..
      "\r\nx-cg-signature: " .. signature .. "\r\n\r\n"
  end
  file:close()
  count = offset
  step = tonumber(args[2])
end

function request()
  local number = count % #rows
  local sent = bodies[number % #bodies + 1]
  count = count + step
  return sent.head .. rows[number + 1] .. sent.body
end

function done(summary, latency)
  io.write(string.format(
    '\nRESULT {"requests":%d,"seconds":%f,"refused":%d,"errors":%d,"p50":%f,"p99":%f,"p999":%f,"max":%f}\n',
    summary.requests, summary.duration / 1e6, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency:percentile(99.9) / 1e3, latency.max / 1e3))
end
