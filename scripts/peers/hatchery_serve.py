"""hatchery-core's gateway and a worker of its on the CPU, in one process on loopback: hatchery_serve.py MODEL PORT KEY"""

import asyncio
import sys

import torch
import uvicorn
from hatchery.core.backends.auth.api_key import APIKeyAuthProvider
from hatchery.core.backends.compute.local import LocalComputeBackend
from hatchery.core.backends.metadata.memory import InMemoryMetadataStore
from hatchery.core.backends.metrics.log import LogMetrics
from hatchery.core.backends.object_store.memory import InMemoryObjectStore
from hatchery.core.backends.queue.memory import InMemoryJobQueue
from hatchery.core.config import Config
from hatchery.core.gateway import create_app, set_config
from hatchery.core.worker import GPUWorker


async def work(worker, queue, model):
    while True:
        job = await queue.dequeue(worker_id=worker.worker_id, model_filter=model, visibility_timeout=300)
        if job is None:
            await asyncio.sleep(0.02)
        else:
            await worker._process_one(job)


async def main(model, port, key):
    keys = APIKeyAuthProvider()
    keys.add_key(key, user_id="local", tier="enterprise", max_concurrent_sessions=100, max_rank=256)
    config = Config(
        auth=keys, metadata=InMemoryMetadataStore(), objects=InMemoryObjectStore(), queue=InMemoryJobQueue(), compute=LocalComputeBackend(), metrics=LogMetrics(),
    )
    set_config(config)
    app = create_app(config=config)
    await config.metadata.initialize()
    await config.queue.initialize()
    # Its own launcher starts this worker where CUDA is.
    worker = GPUWorker(worker_id="cpu-0", base_model_name=model, config=config, device="cpu", dtype=torch.float32)
    await worker.register()
    working = asyncio.create_task(work(worker, config.queue, model))
    try:
        await uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="info", lifespan="off")).serve()
    finally:
        working.cancel()


asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
