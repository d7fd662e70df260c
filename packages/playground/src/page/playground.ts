import { markup, renderRollout } from "@retool-ts/report/parts";
import type { TrajectoryRecord } from "@retool-ts/runs/records";
import type { EngineChoice } from "../engine/choose-engine.js";
import { ENGINE_TITLES } from "../engine/titles.js";
import type { FollowedAnswer, FromWorker, Question, StepReport } from "../protocol.js";
import { settingsFromHash, settingsToHash } from "../settings.js";
import { AnswerView } from "./answer-view.js";
import { Controls } from "./controls.js";
import { Curves } from "./curves.js";
import { SessionClient, whatIsMissing } from "./session-client.js";

type Phase = "loading" | "ready" | "training" | "stopping" | "failed";

/** The page: what is pressed goes to the worker, what the worker says is shown. */
export class Playground {
  readonly #page: Document;
  readonly #client = new SessionClient((message) => this.#receive(message));
  readonly #controls: Controls;
  readonly #live: AnswerView;
  readonly #curves: Curves;
  #phase: Phase = "loading";
  #questions: readonly Required<Question>[] = [];
  #question: Question = { text: "" };
  #place = 0;
  /** Of the answer that is shown; later ones go before it. */
  #answerId = 0;
  /** Answers of the newest step. */
  #rollouts: readonly TrajectoryRecord[] = [];
  #step = 0;
  #goal = 0;

  constructor(page: Document) {
    this.#page = page;
    const still = matchMedia("(prefers-reduced-motion: reduce)");
    this.#live = new AnswerView(this.#get("live"), () => still.matches || page.hidden);
    this.#curves = new Curves(this.#get("curves"));
    this.#controls = new Controls(this.#get("settings"), settingsFromHash(location.hash), (settings) => {
      history.replaceState(null, "", `${location.pathname}${location.search}${settingsToHash(settings)}`);
      this.#update();
    });
  }

  /** Loads the model and listens to the reader. */
  start(): void {
    this.#onClick("train", () => this.#train());
    this.#onClick("stop", () => this.#stop());
    this.#onClick("reset", () => this.#reset());
    this.#onClick("again", () => this.#answer());
    this.#onClick("another", () => this.#follow(this.#questions[++this.#place % this.#questions.length]!));
    this.#onClick("save", () => this.#client.send({ type: "save" }));
    this.#onClick("share", () => void this.#share());
    this.#get("ask").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#follow(this.#known(this.#get<HTMLInputElement>("own").value.trim()));
    });
    this.#get("kinds").addEventListener("change", () => {
      this.#get<HTMLInputElement>("own").value = this.#get<HTMLSelectElement>("kinds").value;
      this.#get("own").focus();
    });
    this.#page.addEventListener("visibilitychange", () => this.#showRollouts());
    addEventListener("hashchange", () => {
      if (this.#phase !== "training") this.#controls.set(settingsFromHash(location.hash));
      this.#update();
    });
    const missing = whatIsMissing();
    if (missing !== undefined) return this.#fail(`This browser lacks ${missing}, so that the model cannot run here.`);
    this.#reset();
  }

  #train(): void {
    const { settings } = this.#controls;
    this.#goal = this.#step + settings.steps;
    this.#client.send({ type: "train", settings });
    this.#enter("training", "Training. You can go on asking; answers come between two steps.");
  }

  #stop(): void {
    this.#client.send({ type: "stop" });
    this.#enter("stopping", "Stopping after this step.");
  }

  #reset(): void {
    this.#step = 0;
    this.#rollouts = [];
    this.#curves.clear();
    this.#showRollouts();
    this.#get("strip").replaceChildren();
    this.#get("progress").textContent = "";
    this.#get("engine").textContent = "";
    this.#client.start();
    this.#client.send({ type: "open", settings: this.#controls.settings });
    this.#enter("loading", "Loading the model.");
  }

  /** Shows another problem, and answers it now and along the training. */
  #follow(question: Question): void {
    this.#question = question;
    this.#get("question").textContent = question.text;
    this.#get("strip").replaceChildren();
    this.#client.send({ type: "follow", question });
    this.#answer();
  }

  #answer(): void {
    this.#live.begin();
    this.#client.send({ type: "answer", id: ++this.#answerId, question: this.#question, settings: this.#controls.settings });
  }

  /** A problem with its answer, where it is one of those that are known. */
  #known(text: string): Question {
    return this.#questions.find((question) => question.text === text) ?? { text };
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case "ready":
        return this.#open(message.questions);
      case "engine":
        return this.#sayEngine(message.choice);
      case "measure":
        return this.#curves.addMeasure(message.measure);
      case "step":
        return this.#showStep(message.report);
      case "part":
        if (message.id === this.#answerId) this.#live.part(message.kind, message.text);
        return;
      case "answer":
        if (message.id !== this.#answerId) return;
        this.#live.end(message.answer);
        return this.#keep(message.answer);
      case "followed":
        return this.#keep(message.answer);
      case "stopped":
        this.#enter("ready", message.step < this.#goal ? `Stopped after ${message.step} steps.` : `Done: ${message.step} steps.`);
        return this.#answer();
      case "saved":
        return this.#download(message.name, message.zip);
      case "failed":
        return this.#fail(`Something went wrong: ${message.message}. Start over, or load the page again.`);
    }
  }

  #open(questions: readonly Required<Question>[]): void {
    this.#questions = questions;
    const kinds = this.#get("kinds");
    kinds.innerHTML = markup`${questions.slice(0, 10).map(({ text }) => markup`<option>${text}</option>`)}`.markup;
    this.#enter("ready", "Ready. Press Train.");
    this.#follow(this.#question.text === "" ? questions[this.#place]! : this.#question);
    this.#client.send({ type: "choose", settings: this.#controls.settings });
  }

  #sayEngine({ engine, reason }: EngineChoice): void {
    this.#get("engine").textContent = `It computes with ${ENGINE_TITLES[engine]}. ${reason}`;
  }

  #showStep(report: StepReport): void {
    const { step, durationMs, bytes, rollouts } = report;
    this.#step = step;
    this.#rollouts = rollouts;
    this.#curves.addStep(report);
    this.#get("progress").textContent =
      `step ${step} of ${this.#goal} · ${(durationMs / 1_000).toFixed(1)} s a step · ${(bytes / 2 ** 20).toFixed(1)} MiB of tensors`;
    this.#showRollouts();
  }

  #showRollouts(): void {
    if (this.#page.hidden) return;
    const [first] = this.#rollouts;
    this.#get("rollout-question").textContent = first === undefined ? "" : `Step ${first.step}: ${first.question}`;
    this.#get("rollouts").innerHTML = markup`${this.#rollouts.map((record) => renderRollout(record, { isSide: true }))}`.markup;
  }

  /** Adds an answer to those of the problem that is followed, one a step, while it is still that problem. */
  #keep({ record, step, isGraded }: FollowedAnswer): void {
    if (record.question !== this.#question.text || !isGraded) return;
    const card = this.#page.createElement("div");
    card.dataset["step"] = String(step);
    card.innerHTML = renderRollout(record, { isSide: true }).markup;
    const strip = this.#get("strip");
    strip.querySelector(`[data-step="${step}"]`)?.remove();
    strip.append(card);
  }

  async #share(): Promise<void> {
    const address = `${location.origin}${location.pathname}${location.search}${settingsToHash(this.#controls.settings)}`;
    try {
      await navigator.clipboard.writeText(address);
      this.#say("The link is copied.");
    } catch {
      this.#say(`The link: ${address}`);
    }
  }

  #download(name: string, zip: Uint8Array<ArrayBuffer>): void {
    const link = this.#page.createElement("a");
    link.href = URL.createObjectURL(new Blob([zip], { type: "application/zip" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    this.#say(`Saved as ${name}.`);
  }

  #fail(text: string): void {
    this.#enter("failed", text);
  }

  #enter(phase: Phase, text: string): void {
    this.#phase = phase;
    this.#say(text);
    this.#update();
  }

  #say(text: string): void {
    const status = this.#get("status");
    status.textContent = text;
    status.classList.toggle("failed", this.#phase === "failed");
  }

  /** Which buttons can be pressed now. */
  #update(): void {
    const isBusy = this.#phase === "training" || this.#phase === "stopping";
    const isOpen = this.#phase === "ready" || isBusy;
    const enabled: Readonly<Record<string, boolean>> = {
      train: this.#phase === "ready",
      stop: this.#phase === "training",
      reset: this.#phase !== "loading",
      ...Object.fromEntries(["again", "another", "own", "ask-button", "kinds", "save"].map((id) => [id, isOpen])),
    };
    for (const [id, isEnabled] of Object.entries(enabled)) this.#get<HTMLButtonElement>(id).disabled = !isEnabled;
    this.#controls.disabled = isBusy;
    const { steps } = this.#controls.settings;
    this.#get("train").textContent = this.#step === 0 ? `Train ${steps} steps` : `Train ${steps} more steps`;
  }

  #onClick(id: string, act: () => void): void {
    this.#get(id).addEventListener("click", act);
  }

  #get<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
    return this.#page.getElementById(id) as Kind;
  }
}
