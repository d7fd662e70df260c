/** Has the choices over a list of rollouts show those that fit. */
export function attachFilters(form: HTMLFormElement): void {
  const cards = [...form.nextElementSibling!.querySelectorAll<HTMLElement>(".rollout")];
  const choices = [...form.querySelectorAll("select")];
  const apply = () => {
    for (const card of cards) card.hidden = !choices.every(({ name, value }) => value === "" || card.dataset[name] === value);
    form.querySelector("output")!.textContent = `${cards.filter(({ hidden }) => !hidden).length} of ${cards.length} shown`;
  };
  form.addEventListener("change", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  apply();
}
