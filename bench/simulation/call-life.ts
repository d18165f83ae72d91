/** The end of a function in mid-work, as Step Functions and EventBridge see it. */
export class Killed extends Error {
  constructor() {
    super('the function was killed');
    this.name = 'Killed';
  }
}

/** What the caller of a function hears that has lost sight of it. */
export class Unheard extends Error {
  constructor() {
    super('the function was not heard of');
    this.name = 'Lambda.SdkClientException';
  }
}

/**
 * One call of a function, which may be killed: its caller hears of it at once, and of what the function had under way
 * nothing goes on. Its ports neither do nor answer anything from then on, as nothing runs any more that could hear it.
 */
export class CallLife {
  readonly #death = Promise.withResolvers<never>();
  #isDead = false;

  constructor() {
    // Where the call has ended by then nobody waits for it.
    this.#death.promise.catch(() => undefined);
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** Kills the call. What it waits for never comes. */
  die(): Promise<never> {
    this.#isDead = true;
    this.#death.reject(new Killed());
    return never();
  }

  /** Its caller loses sight of it, and it goes on. */
  lose(): void {
    this.#death.reject(new Unheard());
  }

  /** What the work comes to. @throws Killed as soon as it is killed; Unheard */
  run<T>(work: () => Promise<T>): Promise<T> {
    return Promise.race([work(), this.#death.promise]);
  }

  /** Waits for something, for ever where the call is killed meanwhile. */
  async wait<T>(work: Promise<T>): Promise<T> {
    const settled = await work.finally(() => (this.#isDead ? never() : undefined));
    return this.#isDead ? never() : settled;
  }

  /** A port as the call has it: all its methods end with the call. */
  bind<T extends object>(port: T): T {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...given: unknown[]): unknown => {
          if (this.#isDead) return never();
          const answer: unknown = Reflect.apply(member, target, given);
          return answer instanceof Promise ? this.wait(answer) : answer;
        };
      },
    });
  }
}

const never = (): Promise<never> => new Promise<never>(() => undefined);
