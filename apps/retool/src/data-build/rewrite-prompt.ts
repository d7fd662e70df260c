/** Languages that a sandbox runs. */
export type SnippetLanguage = "javascript" | "python";

const NAMES: Readonly<Record<SnippetLanguage, { readonly title: string; readonly print: string }>> = {
  javascript: { title: "JavaScript", print: "console.log" },
  python: { title: "Python", print: "print" },
};

/** Tag around the answer of the model that rewrites. */
export const REVISED = "revised_thinking_process";

/**
 * Asks a model to put code where a text-only solution calculates by hand.
 *
 * The contents follow figure 8 of "ReTool" (https://arxiv.org/abs/2504.11536), section 2.2; the words are our own.
 */
export function rewritePrompt({ question, reasoning }: { question: string; reasoning: string }, language: SnippetLanguage): string {
  const { title, print } = NAMES[language];
  return `You are an assistant that solves problems by reasoning. Until now you could not run code; from now on you can. A sandbox runs ${title} that you write and shows you what it printed.

How code is written: you may use several snippets. Each one is

<code>
\`\`\`${language}
the code
\`\`\`
</code>

and must run as it stands. What it printed follows it directly, as

<interpreter>
the output
</interpreter>

Your task: below is a problem and the reasoning you once wrote for it without code. Rewrite that reasoning so that code does the calculations for which code is of real use. Touch only those: the line of thought stays, attempts that led nowhere stay, and every other word stays as it is. Put the whole rewritten reasoning between <${REVISED}> and </${REVISED}>.

The problem:
${question}

The reasoning:
<original_thinking_process>
${reasoning}
</original_thinking_process>

Follow these rules:
1. Look for the places where a calculation by hand is slow or may go wrong, and where code is quicker or exact.
2. Replace each of them by a snippet and its output, and go on from that output.
3. Keep the order of the argument, also where it explores something that fails.
4. Every snippet is a complete script of its own: it imports or defines all it needs, knows nothing of earlier snippets, and has no Markdown inside the fence.
5. A snippet shows its results with ${print}.
6. The output you write is exactly what the snippet prints, with nothing added and nothing left out.
7. If the reasoning does not end with an answer section, add one as its end: <answer> \\boxed{the final answer} </answer>. Nothing follows it.`;
}

/** Question of the finished rows: how to call the interpreter and how to answer, then the problem behind the marker of ReTool-SFT. */
export function trainingPrompt(question: string, language: SnippetLanguage): string {
  const { title } = NAMES[language];
  return `Solve the problem below step by step. Where it helps, write ${title} between <code> and </code>: it is run, and its output is given back between <interpreter> and </interpreter>. Every snippet is a complete script. End with the answer as <answer>\\boxed{...}</answer>.

*user question:*
${question}`;
}

/** The same question for rows that have no code. */
export function textPrompt(question: string): string {
  return `Solve the problem below step by step. End with the answer as <answer>\\boxed{...}</answer>.

*user question:*
${question}`;
}
