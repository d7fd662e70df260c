import { markup } from "@retool-ts/report/parts";
import { STOPS, type Settings } from "../settings.js";

interface Slider {
  readonly name: keyof typeof STOPS;
  readonly label: string;
  readonly why: string;
  readonly text: (value: number) => string;
}

interface Flag {
  readonly name: "masksOutput" | "hasTool";
  readonly label: string;
  readonly why: string;
}

const SLIDERS: readonly Slider[] = [
  {
    name: "groupSize",
    label: "Answers per problem",
    why: "More answers show better which way is right, and take more time. With 2 they are often both right or both wrong, and nothing is learned.",
    text: String,
  },
  {
    name: "learningRate",
    label: "Learning rate",
    why: "How far each step moves the weights. 0.00005 is slow. 0.004 is too far: the model finds the tool at once, and then copies digits worse and worse.",
    text: (value) => String(value),
  },
  { name: "steps", label: "Steps", why: "How long one press of Train goes on. You can press it again.", text: String },
];

const FLAGS: readonly Flag[] = [
  {
    name: "masksOutput",
    label: "Leave the interpreter's output out of the learning",
    why: "The model did not write that text, so it should not learn to. Untick it, and accuracy stays far lower.",
  },
  {
    name: "hasTool",
    label: "Let it use the tool",
    why: "Untick it, and code no longer runs: the model has to calculate in its head, which one of this size hardly learns.",
  },
];

/** Sliders and ticks. */
export class Controls {
  readonly #form: HTMLElement;
  /** Of the address; nothing in the form changes it. */
  #engine: Settings["engine"];

  constructor(form: HTMLElement, settings: Settings, onChange: (settings: Settings) => void) {
    this.#form = form;
    this.#engine = settings.engine;
    const sliders = SLIDERS.map(
      ({ name, label, why }) => markup`<div class="setting">
        <label for="set-${name}">${label} <output id="out-${name}" for="set-${name}"></output></label>
        <input type="range" id="set-${name}" min="0" max="${STOPS[name].length - 1}" step="1" aria-describedby="why-${name}">
        <p class="why" id="why-${name}">${why}</p>
      </div>`,
    );
    const flags = FLAGS.map(
      ({ name, label, why }) => markup`<div class="setting flag">
        <label><input type="checkbox" id="set-${name}" aria-describedby="why-${name}"> ${label}</label>
        <p class="why" id="why-${name}">${why}</p>
      </div>`,
    );
    form.innerHTML = markup`${sliders}${flags}`.markup;
    this.set(settings);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => {
      this.set(this.settings);
      onChange(this.settings);
    });
  }

  get settings(): Settings {
    const number = (name: keyof typeof STOPS): number => STOPS[name][Number(this.#input(name).value)]!;
    return {
      groupSize: number("groupSize"),
      learningRate: number("learningRate"),
      steps: number("steps"),
      masksOutput: this.#input("masksOutput").checked,
      hasTool: this.#input("hasTool").checked,
      engine: this.#engine,
    };
  }

  set(settings: Settings): void {
    this.#engine = settings.engine;
    for (const { name, text } of SLIDERS) {
      const input = this.#input(name);
      const stops: readonly number[] = STOPS[name];
      input.value = String(stops.indexOf(settings[name]));
      input.setAttribute("aria-valuetext", text(settings[name]));
      this.#form.querySelector(`#out-${name}`)!.textContent = text(settings[name]);
    }
    for (const { name } of FLAGS) this.#input(name).checked = settings[name];
  }

  set disabled(isDisabled: boolean) {
    for (const { name } of [...SLIDERS, ...FLAGS]) this.#input(name).disabled = isDisabled;
  }

  #input(name: Exclude<keyof Settings, "engine">): HTMLInputElement {
    return this.#form.querySelector<HTMLInputElement>(`#set-${name}`)!;
  }
}
