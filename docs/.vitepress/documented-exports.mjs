import { Application, ReflectionKind } from "typedoc";

/**
 * A typedoc plugin: an exported name without a doc comment is a warning of the validation. Options are exempt, since their fields say
 * it all.
 */
export function load(app) {
  app.on(Application.EVENT_VALIDATE_PROJECT, (project) => {
    for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
      for (const reflection of module.children ?? []) {
        if (reflection.kindOf(ReflectionKind.Reference) || reflection.name.endsWith("Options") || isDocumented(reflection)) continue;
        app.logger.validationWarning(`${module.name}: the export "${reflection.name}" has no doc comment`);
      }
    }
  });
}

/** A function's comment belongs to its signatures. */
function isDocumented(reflection) {
  return reflection.hasComment() || (reflection.signatures ?? []).some((signature) => signature.hasComment());
}
