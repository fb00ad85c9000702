-- Argo CD's health of a revgate.io SchemaMigration: docs/gitops.md says how it gets into argocd-cm.
--   Healthy      the database has every revision up to the target, or is ahead of a release that was rolled back
--   Progressing  the operator is at it, or has not looked at the newest spec yet
--   Suspended    a person has to say yes: approval, spec.suspend, mode Plan. A sync wave waits here
--   Degraded     nothing goes on until somebody mends what the message names
local waiting = {AwaitingApproval = true, Suspended = true, Planned = true}
local conditions = {}
for _, condition in ipairs((obj.status or {}).conditions or {}) do
  conditions[condition.type] = condition
end
local ready, stalled = conditions.Ready, conditions.Stalled

if ready == nil then
  return {status = "Progressing", message = "The operator has not looked at this migration yet"}
end
if obj.status.observedGeneration ~= obj.metadata.generation then
  return {status = "Progressing", message = "The operator has not looked at the newest spec yet"}
end

local health = {status = "Progressing", message = ready.reason .. ": " .. ready.message}
if stalled ~= nil and stalled.status == "True" then
  health.status = "Degraded"
elseif ready.status == "True" then
  health.status = "Healthy"
elseif waiting[ready.reason] then
  health.status = "Suspended"
end
return health
