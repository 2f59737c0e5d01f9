"""The DICOM images of a slide, as other DICOM objects refer to them: with or without the patient."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from napari_histcode.errors import MissingExtraError, SourceSlideError
from napari_histcode.slide import Slide
from napari_histcode.slide.dicom_series import series_in, series_of, series_uid

_WSI_CLASS = "1.2.840.10008.5.1.4.1.1.77.1.6"
_REMOVED = "whitelist: geometry and references of the slide only"

_GEOMETRY = (
    "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "Modality", "ImageType", "FrameOfReferenceUID",
    "PositionReferenceIndicator", "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel",
    "PhotometricInterpretation", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
    "ImagedVolumeWidth", "ImagedVolumeHeight", "ImagedVolumeDepth", "TotalPixelMatrixColumns",
    "TotalPixelMatrixRows", "TotalPixelMatrixOriginSequence", "TotalPixelMatrixFocalPlanes",
    "ImageOrientationSlide", "NumberOfOpticalPaths", "DimensionOrganizationType", "LossyImageCompression",
    "LossyImageCompressionRatio", "LossyImageCompressionMethod", "BurnedInAnnotation",
)  # fmt: skip
"""Attributes of the source that say where its pixels are, and nothing of whose they are."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DicomSource:
    """The resolution levels of a slide in DICOM, without their pixels."""

    levels: tuple[Any, ...]
    """pydicom data sets, the finest first."""

    @property
    def finest(self) -> Any:
        """The level whose pixels are level-0 pixels."""
        return self.levels[0]

    @property
    def spacing_mm(self) -> tuple[float, float]:
        """Distance of level-0 pixels along y and along x in millimetres."""
        return spacing_of(self.finest)


def find_source(slide: Slide, *, keep_patient: bool) -> DicomSource:
    """Read what the DICOM files of a slide say of its levels.

    Parameters
    ----------
    slide : Slide
        The slide.
    keep_patient : bool
        Whether patient, study and specimen of the slide are kept. Otherwise only attributes that place its
        pixels and identify the image are taken over; the slide's alias stands for patient, container and
        specimen, and the study is a new one, the same for all objects made from this slide.

    Raises
    ------
    SourceSlideError
        If the slide is not DICOM, or its files do not say where they lie.
    MissingExtraError
        If the packages for DICOM are not installed.
    """
    require_dicom()
    import pydicom

    path, alias = slide.path, slide.record.alias
    is_folder = path.is_dir()
    if not is_folder and (not path.is_file() or series_uid(path) is None):
        raise SourceSlideError(
            f"{alias} is no DICOM slide ({slide.record.vendor or 'unknown'}): a DICOM object refers to the "
            "slide's own DICOM image and its coordinates.",
            advice="Export as OME-TIFF, OME-Zarr or GeoJSON, or convert the slide to DICOM and analyse that.",
        )
    groups = series_in(path) if is_folder else [series_of(path)]
    found = [pydicom.dcmread(file, stop_before_pixels=True) for group in groups for file in group]
    volumes = [
        data
        for data in found
        if data.get("SOPClassUID") == _WSI_CLASS and list(data.get("ImageType", []))[2:3] == ["VOLUME"]
    ]
    volumes.sort(key=lambda data: -int(data.TotalPixelMatrixColumns))
    if not volumes or _dimensions(volumes[0]) != slide.dimensions:
        raise SourceSlideError(
            f"The DICOM files of {alias} hold no image of {slide.dimensions[0]} x {slide.dimensions[1]} px.",
            advice="Keep all files of the slide in one folder.",
        )
    for needed in ("FrameOfReferenceUID", "ImageOrientationSlide", "TotalPixelMatrixOriginSequence"):
        if not volumes[0].get(needed):
            raise SourceSlideError(
                f"The DICOM image of {alias} lacks {needed}: nothing can be placed on it.",
                advice="Export as OME-TIFF, OME-Zarr or GeoJSON.",
            )
    if not keep_patient:
        volumes = [without_patient(data, alias, slide.record.digest) for data in volumes]
    return DicomSource(levels=tuple(volumes))


def without_patient(data: Any, alias: str, digest: str) -> Any:
    """Return a data set with the source's geometry and references, and the alias instead of a patient.

    Parameters
    ----------
    data : pydicom.Dataset
        The source.
    alias, digest : str
        Of the slide.
    """
    from pydicom import Dataset
    from pydicom.uid import generate_uid

    bare = Dataset()
    bare.file_meta = deepcopy(data.file_meta)
    for keyword in _GEOMETRY:
        if keyword in data:
            bare[keyword] = deepcopy(data[keyword])
    shared = Dataset()
    shared.PixelMeasuresSequence = deepcopy(data.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence)
    bare.SharedFunctionalGroupsSequence = [shared]
    bare.SpecificCharacterSet = "ISO_IR 192"
    bare.PatientID = alias
    bare.PatientName = f"{alias}^"
    for keyword in (
        "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyDate", "StudyTime",
        "ReferringPhysicianName",
    ):  # fmt: skip
        setattr(bare, keyword, "")
    bare.PatientIdentityRemoved = "YES"
    bare.DeidentificationMethod = _REMOVED
    bare.StudyInstanceUID = generate_uid(entropy_srcs=[digest, "study"])
    bare.ContainerIdentifier = alias
    bare.IssuerOfTheContainerIdentifierSequence = []
    bare.ContainerTypeCodeSequence = deepcopy(data.get("ContainerTypeCodeSequence") or [])
    specimen = Dataset()
    specimen.SpecimenIdentifier = alias
    specimen.SpecimenUID = generate_uid(entropy_srcs=[digest, "specimen"])
    specimen.IssuerOfTheSpecimenIdentifierSequence = []
    specimen.SpecimenPreparationSequence = []
    bare.SpecimenDescriptionSequence = [specimen]
    return bare


def spacing_of(data: Any) -> tuple[float, float]:
    """Distance of a level's pixels along y and along x in millimetres."""
    down, across = data.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing
    return float(down), float(across)


def place_mm(source: DicomSource, xy_px0: tuple[float, float]) -> tuple[float, float, float]:
    """Turn a level-0 position into the slide's coordinate system.

    DICOM's origin is the centre of the first pixel, ours its corner.

    Parameters
    ----------
    source : DicomSource
        The slide.
    xy_px0 : tuple of float
        x and y in level-0 pixels from the corner of the pixel matrix.

    Returns
    -------
    tuple of float
        x, y, z in millimetres.
    """
    from highdicom.spatial import PixelToReferenceTransformer

    origin = source.finest.TotalPixelMatrixOriginSequence[0]
    corner = (
        float(origin.XOffsetInSlideCoordinateSystem),
        float(origin.YOffsetInSlideCoordinateSystem),
        float(origin.get("ZOffsetInSlideCoordinateSystem") or 0.0),
    )
    orientation = [float(part) for part in source.finest.ImageOrientationSlide]
    transform = PixelToReferenceTransformer(
        image_position=corner, image_orientation=orientation, pixel_spacing=source.spacing_mm
    )
    x, y, z, _ = transform.affine @ (xy_px0[0] - 0.5, xy_px0[1] - 0.5, 0.0, 1.0)
    return float(x), float(y), float(z)


def require_dicom() -> None:
    """Refuse with advice where the packages for DICOM are not installed.

    Raises
    ------
    MissingExtraError
        If one of them is missing.
    """
    try:
        import highdicom  # noqa: F401
        import pydicom  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            f"DICOM objects need the package {error.name}.",
            advice='Install it with: pip install "napari-histcode[dicom]"',
        ) from error


def _dimensions(data: Any) -> tuple[int, int]:
    return int(data.TotalPixelMatrixColumns), int(data.TotalPixelMatrixRows)
