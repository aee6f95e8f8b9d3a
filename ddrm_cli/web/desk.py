"""The photographs that lie open, and who looks at them and restores them."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ddrm_cli.errors import UsageError
from ddrm_cli.files.degrading import DegradeRequest, degrade_file
from ddrm_cli.files.names import RestoredFiles
from ddrm_cli.files.restoring import FileRestorer, RestoreRequest
from ddrm_cli.images.masks import Mask
from ddrm_cli.prior import load_model
from ddrm_cli.restoration import Restorer
from ddrm_cli.weights.cache import is_cached
from ddrm_cli.weights.digests import model_digest
from ddrm_cli.weights.registry import Model, get_model

from .job import Job
from .order import Order
from .photo import Photo

__all__ = ["Desk"]


class Desk:
    """Photographs, each in a folder of its own, restored one after another.

    As a context manager it ends what is under way.

    Args:
        folder: Where the photographs' folders are made.
        models: Those of which the cached ones are offered.
        max_pixels: Largest photograph that is read.
        explain: What an error becomes, a sentence.
    """

    def __init__(
        self,
        folder: Path,
        models: Mapping[str, Model],
        max_pixels: int,
        explain: Callable[[Exception], str],
    ) -> None:
        self.folder = folder
        self.models = {name: model for name, model in models.items() if is_cached(model)}
        self.max_pixels = max_pixels
        self._explain = explain
        self._photos: dict[str, Photo] = {}
        self._restorers: dict[str, Restorer] = {}
        # One thread each: more would only share the cores. And they end before the folder does.
        self._worker = ThreadPoolExecutor(max_workers=1)
        self._looker = ThreadPoolExecutor(max_workers=1)

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *_: object) -> None:
        for photo in self._photos.values():
            if photo.job is not None:
                photo.job.cancel()
        for thread in (self._worker, self._looker):
            thread.shutdown(cancel_futures=True)

    @property
    def max_bytes(self) -> int:
        """Largest file that is taken: eight bytes a pixel are all that 16 bits and alpha need."""
        return 8 * self.max_pixels

    def open(self, name: str) -> str:
        """Make place for a photograph of that name, and say by which key it is found."""
        key = secrets.token_urlsafe(8)
        folder = self.folder / key
        folder.mkdir()
        self._photos[key] = Photo(folder, name)
        return key

    def photo(self, key: str) -> Photo:
        """A photograph.

        Raises:
            UsageError: It does not lie here, or no longer.
        """
        if key not in self._photos:
            raise UsageError("This photo is no longer here.", "Drop it once more.")
        return self._photos[key]

    def look(self, key: str) -> Future[dict[str, Any]]:
        """Have a photograph looked at whose file is there; see `Photo.look`."""
        return self._looker.submit(self.photo(key).look, self.max_pixels)

    def close(self, key: str) -> None:
        """Put a photograph away, with all that was made of it."""
        photo = self._photos.pop(key, None)
        if photo is None:
            return
        if photo.job is not None:
            photo.job.cancel()
        # After whatever is still written there: the worker does one thing after another.
        self._worker.submit(shutil.rmtree, photo.folder, ignore_errors=True)

    def restore(self, key: str, order: Order) -> None:
        """Have a photograph restored; its job says how far that is.

        Raises:
            UsageError: It is being restored, or the order cannot be carried out.
        """
        photo = self.photo(key)
        if photo.job is not None and not photo.job.is_over:
            raise UsageError("This photo is being restored.", "Wait for it, or cancel it.")
        get_model(order.model, self.models)
        request = self._request(photo, order)
        photo.job = job = Job()
        self._worker.submit(self._work, photo, order, request, job)

    def explained(self, error: Exception) -> str:
        """What an error becomes, with files named as the user names them."""
        folders = re.escape(f"{self.folder}{os.sep}") + r"[\w-]+" + re.escape(os.sep)
        return re.sub(folders, "", self._explain(error))

    def _request(self, photo: Photo, order: Order) -> RestoreRequest:
        mask = Mask(photo.mask) if order.masked else None
        return RestoreRequest(order.degradation, order.sigma, mask, max_pixels=self.max_pixels)

    def _work(self, photo: Photo, order: Order, request: RestoreRequest, job: Job) -> None:
        """Do as ``ddrm restore`` does, so that the same bytes come out."""
        with job.running(self.explained):
            source = photo.path
            if order.reduced and order.degradation is not None:
                source = photo.small
                smaller = DegradeRequest(order.degradation, max_pixels=self.max_pixels)
                degrade_file(photo.path, source, smaller, overwrite=True)
            posed = request.read(source)
            job.notes += [*posed.notes, *posed.noise_notes]
            weights = model_digest(self.models[order.model])
            restore = FileRestorer(
                self._restorer(order.model),
                RestoredFiles(range(1)),
                {**request.asked, **order.asked, "weights": weights},
            )
            job.begin()
            result = source.with_name(f"{source.stem}_{order.label}.png")
            restore(result, posed, overwrite=True, notice=job.notes.append, progress=job.told)
            job.result = result

    def _restorer(self, name: str) -> Restorer:
        """What restores with a model, which is loaded once."""
        if name not in self._restorers:
            self._restorers[name] = Restorer(load_model(self.models[name]))
        return self._restorers[name]
