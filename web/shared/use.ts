// SPDX-License-Identifier: Apache-2.0
// Loading: old data stays on the screen with its age while new data comes; a late answer of an older
// question is dropped.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from './api';
import { onChange } from './live';

export interface Loaded<T> { data: T | undefined; error: ApiError | null; busy: boolean; reload: () => void; set: (v: T) => void }

export function useLoad<T>(load: () => Promise<T>, deps: readonly unknown[], nouns: readonly string[] = []): Loaded<T> {
	const [state, put] = useState<{ data: T | undefined; error: ApiError | null; busy: boolean }>({ data: undefined, error: null, busy: true });
	const turn = useRef(0);
	const run = useCallback(() => {
		const mine = ++turn.current;
		put((s) => ({ ...s, busy: true }));
		load().then(
			(data) => { if (mine === turn.current) put({ data, error: null, busy: false }); },
			(e: unknown) => {
				if (mine === turn.current) put((s) => ({ ...s, error: e instanceof ApiError ? e : new ApiError(0, {}), busy: false }));
			});
	}, deps);
	useEffect(() => { run(); return () => { turn.current++; }; }, [run]);
	useEffect(() => (nouns.length ? onChange(nouns, run) : undefined), [run, nouns.join()]);
	const set = useCallback((data: T) => { turn.current++; put({ data, error: null, busy: false }); }, []);
	return { ...state, reload: run, set };
}
