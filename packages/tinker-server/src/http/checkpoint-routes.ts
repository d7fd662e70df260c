import { API_PREFIX } from "@retool-ts/tinker/wire";
import type { Hono } from "hono";
import { unknown } from "../request-fault.js";
import type { TinkerService } from "../service/tinker-service.js";
import { formatCheckpointPath, readCheckpointPath } from "../state/checkpoint-path.js";
import type { KeptCheckpoint } from "../state/checkpoints.js";

/** Adds the routes that list and delete checkpoints. */
export function addCheckpointRoutes(app: Hono, { context }: TinkerService): void {
  const { checkpoints, models } = context;
  app.get(`${API_PREFIX}/checkpoints`, async (c) => {
    return c.json({ checkpoints: (await checkpoints.list()).map(checkpointInfo), cursor: null });
  });
  app.get(`${API_PREFIX}/training_runs`, (c) => {
    const runs = [...models.values()].map(({ id, record }) => runInfo(id, record.baseModel, record.rank));
    return c.json({ training_runs: runs, cursor: { offset: 0, limit: runs.length, total_count: runs.length } });
  });
  app.get(`${API_PREFIX}/training_runs/:id`, (c) => {
    const model = models.get(c.req.param("id"));
    if (model === undefined) throw unknown("training run", c.req.param("id"));
    return c.json(runInfo(model.id, model.record.baseModel, model.record.rank));
  });
  app.get(`${API_PREFIX}/training_runs/:id/checkpoints`, async (c) => {
    return c.json({ checkpoints: (await checkpoints.list(c.req.param("id"))).map(checkpointInfo), cursor: null });
  });
  app.delete(`${API_PREFIX}/training_runs/:id/checkpoints/:kind/:name`, async (c) => {
    const { id, kind, name } = c.req.param();
    const text = `tinker://${id}/${kind}/${name}`;
    const path = readCheckpointPath(text);
    if (path === undefined || (await checkpoints.read(path)) === undefined) throw unknown("checkpoint", text);
    await checkpoints.remove(path);
    return c.body(null, 204);
  });

  const runInfo = (id: string, baseModel: string, rank: number) => {
    const time = new Date(context.now()).toISOString();
    return { training_run_id: id, base_model: baseModel, model_owner: "local", is_lora: true, lora_rank: rank, last_request_time: time };
  };
}

function checkpointInfo({ path, time, expiresAt, bytes }: KeptCheckpoint) {
  return {
    checkpoint_id: `${path.kind}/${path.name}`,
    checkpoint_type: path.kind === "weights" ? "training" : "sampler",
    time: new Date(time).toISOString(),
    tinker_path: formatCheckpointPath(path),
    size_bytes: bytes,
    public: false,
    expires_at: expiresAt === null ? null : new Date(expiresAt).toISOString(),
  };
}
