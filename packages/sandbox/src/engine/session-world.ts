import { tableWith, writeDifference, type BlockTable } from "./blocks.js";
import type { HeapImage } from "./heap-image.js";
import type { World } from "./world.js";

/** A world that goes from one session's state to another's. It knows what its memory holds, so that it writes and copies what differs. */
export class SessionWorld {
  readonly world: World;
  #content: BlockTable;

  /** @param start - the content of every world that begins */
  constructor(world: World, start: BlockTable) {
    this.world = world;
    this.#content = tableWith(start, [world.changesFrom(start)]);
    this.moveTo(start);
  }

  get content(): BlockTable {
    return this.#content;
  }

  /** Lets go of the buffers that held its content. @param content - the same bytes in others */
  adopt(content: BlockTable): void {
    this.#content = content;
  }

  /** Makes the memory that of `content`, to the byte. */
  moveTo(content: BlockTable): void {
    writeDifference(this.world.bytes(), this.#content, content);
    this.#content = content;
  }

  /** Copies the blocks that are no longer as they were; from now on they are the world's content. */
  takeChanges(): HeapImage {
    const changes = this.world.changesFrom(this.#content);
    this.#content = tableWith(this.#content, [changes]);
    return changes;
  }
}
