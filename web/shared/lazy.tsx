// SPDX-License-Identifier: Apache-2.0
// A screen that is fetched when it is first opened: the first load stays small.
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from './api';
import { Reading, Trouble } from './ui';

export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
	let got: ComponentType<P> | null = null;
	return (props: P) => {
		const [C, put] = useState<ComponentType<P> | null>(() => got), [failed, fail] = useState(false), [turn, again] = useState(0);
		useEffect(() => {
			if (got) return;
			fail(false);
			load().then((c) => { got = c; put(() => c); }, () => fail(true));
		}, [turn]);
		if (failed) return <Trouble e={new ApiError(0, {})} again={() => again(turn + 1)} />;
		return C ? <C {...props} /> : <Reading rows={8} />;
	};
}
