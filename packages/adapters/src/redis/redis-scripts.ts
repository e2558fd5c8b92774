import { createHash } from "node:crypto";

/** A script that the server runs as one step, undisturbed by other clients. */
export interface RedisScript {
  readonly lua: string;
  /** Its name to EVALSHA. */
  readonly sha: string;
}

/**
 * Every script answers with a word and what goes with it. All of them were made so that nothing they do can fail half way:
 *
 * - What could refuse a write (a key of another type, a right that the user lacks) is met before the first write.
 * - A server without memory, with a full disk or that is a replica refuses the first write of a script, or none (scriptVerifyOOM and
 *   scriptVerifyWriteCommandAllow in script.c). For memory only writes that may need some are refused, so the first write is one of those
 *   where the script stores anything, and DEL where it has to succeed on a full server.
 */
const deniedFunction = `
local rest = {DEL = {}, SET = {'v'}, HSET = {'f', 'v'}, HDEL = {'f'}, HINCRBY = {'f', '1'}}
local function denied(key, ...)
  for _, command in ipairs({...}) do
    if redis.acl_check_cmd and not redis.acl_check_cmd(command, key, unpack(rest[command])) then
      return redis.error_reply('NOPERM the user may not use ' .. command .. ' on ' .. key)
    end
  end
end
`;

/**
 * Takes the state: KEYS owner lease about; ARGV expected opening, opening, ownership, lease in ms, opening that may be
 * displaced, about.
 *
 *     OK
 *     OWNED     another opening holds the lease
 *     CHANGED   the owner is not the expected one
 */
export const takeScript: RedisScript = script(`${deniedFunction}
local refusal = denied(KEYS[1], 'HSET') or denied(KEYS[2], 'DEL') or denied(KEYS[3], 'DEL', 'SET')
if refusal then return refusal end
local lease = redis.call('GET', KEYS[2])
if lease and lease ~= ARGV[5] then return {'OWNED'} end
if (redis.call('HGET', KEYS[1], 'opening') or '') ~= ARGV[1] then return {'CHANGED'} end
redis.call('DEL', KEYS[2])
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[4])
redis.call('HSET', KEYS[1], 'opening', ARGV[2], 'connection', '0', 'commits', '0', 'ownership', ARGV[3])
if ARGV[6] ~= '' then redis.call('SET', KEYS[3], ARGV[6]) end
return {'OK'}
`);

/**
 * Makes a connection the one that commits: KEYS owner lease; ARGV opening, number of the connection, lease in ms, commits known to be stored.
 * What still comes in on an older connection, however late, has no effect from here on.
 *
 *     OK commits
 *     LOST             another opening has taken the state
 *     STALE            a younger connection commits already
 *     FORGOT commits   fewer commits are there than were acknowledged
 */
export const claimScript: RedisScript = script(`
local held = redis.call('HMGET', KEYS[1], 'opening', 'connection', 'commits')
if held[1] ~= ARGV[1] then return {'LOST'} end
if tonumber(held[2]) >= tonumber(ARGV[2]) then return {'STALE'} end
if tonumber(held[3]) < tonumber(ARGV[4]) then return {'FORGOT', held[3]} end
redis.call('DEL', KEYS[2])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[3])
redis.call('HSET', KEYS[1], 'connection', ARGV[2])
return {'OK', held[3]}
`);

/** Renews the lease: KEYS owner lease; ARGV opening, lease in ms. OK, or LOST: another opening has taken the state. */
export const renewScript: RedisScript = script(`
if redis.call('HGET', KEYS[1], 'opening') ~= ARGV[1] then return {'LOST'} end
redis.call('DEL', KEYS[2])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return {'OK'}
`);

/** Gives up the lease, if it is still ours: KEYS lease; ARGV opening. Always OK. */
export const releaseScript: RedisScript = script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return {'OK'}
`);

/**
 * Commits a batch: KEYS owner records actions; ARGV opening, connection, how many values are put, then for each change what it is (1 puts a
 * record, 2 removes one, 3 puts an action, 4 removes one), its field, and for a put its value.
 *
 *     OK commits
 *     LOST          another opening has taken the state; nothing was written
 *     STALE         a younger connection commits already; nothing was written
 *     PARTLY why    a write failed after others
 */
export const commitScript: RedisScript = script(`${deniedFunction}
local held = redis.call('HMGET', KEYS[1], 'opening', 'connection', 'commits')
if held[1] ~= ARGV[1] then return {'LOST'} end
if held[2] ~= ARGV[2] then return {'STALE'} end
if #ARGV == 3 then return {'OK', held[3]} end
for key = 2, 3 do
  local count = redis.pcall('HLEN', KEYS[key])
  if type(count) == 'table' then return count end
end
local refusal = denied(KEYS[1], 'HINCRBY') or denied(KEYS[2], 'HSET', 'HDEL') or denied(KEYS[3], 'HSET', 'HDEL')
if refusal then return refusal end

local written, commits = false, nil
local function write(...)
  local reply = redis.pcall(...)
  if type(reply) == 'table' and reply.err then return reply end
  written = true
  commits = reply
end
local function count() return write('HINCRBY', KEYS[1], 'commits', 1) end
local function apply(at)
  local what = ARGV[at]
  if what == '1' then return write('HSET', KEYS[2], ARGV[at + 1], ARGV[at + 2]), at + 3 end
  if what == '2' then return write('HDEL', KEYS[2], ARGV[at + 1]), at + 2 end
  if what == '3' then return write('HSET', KEYS[3], ARGV[at + 1], ARGV[at + 2]), at + 3 end
  return write('HDEL', KEYS[3], ARGV[at + 1]), at + 2
end

local stores = ARGV[3] ~= '0'
local failed = stores and count() or nil
local counted = commits
local at = 4
while not failed and at <= #ARGV do failed, at = apply(at) end
if not failed and not stores then
  failed = count()
  counted = commits
end
if not failed then return {'OK', tostring(counted)} end
if written then return {'PARTLY', failed.err} end
return failed
`);

function script(lua: string): RedisScript {
  return { lua, sha: createHash("sha1").update(lua).digest("hex") };
}
