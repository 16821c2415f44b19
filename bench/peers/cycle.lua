-- Makes wrk ask for the paths of a file in turn. Requests are formatted once, so that a run pays a table look-up each.
local requests, count, next_one = {}, 0, 0

function init(args)
  for line in io.lines(args[1]) do
    count = count + 1
    requests[count] = wrk.format("GET", line)
  end
end

function request()
  next_one = next_one % count + 1
  return requests[next_one]
end
