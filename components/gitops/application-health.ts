/**
 * How healthy an Application counts as inside the Application that holds it, in Lua.
 *
 * Argo CD 1.8 removed its own check, so that a root was Healthy before its children were. Copying the child's health
 * isn't enough: a child that hasn't deployed anything yet calls itself Healthy, so it has to be Synced, too; and a
 * parent overlooks children that are Missing or Unknown (seen with 2.7.15: the root was Healthy for 0.3 s meanwhile).
 */
export const APPLICATION_HEALTH = `health = {}
health.status = "Progressing"
health.message = "not compared yet"
if obj.status ~= nil and obj.status.health ~= nil and obj.status.sync ~= nil then
  health.message = obj.status.health.message or ""
  if obj.status.health.status == "Degraded" or obj.status.health.status == "Suspended" then
    health.status = obj.status.health.status
  elseif obj.status.health.status == "Healthy" and obj.status.sync.status == "Synced" then
    health.status = "Healthy"
  else
    health.message = (obj.status.sync.status or "not compared") .. ", " .. (obj.status.health.status or "of unknown health")
  end
end
return health
`;
