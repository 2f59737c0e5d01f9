"""A small DICOM slide, written on the spot, whose headers name a patient all over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PATIENT = {
    "PatientName": "Doe^Jane^Q",
    "PatientID": "MRN-4711-0815",
    "PatientBirthDate": "19500101",
    "PatientSex": "F",
    "AccessionNumber": "ACC-2026-99",
    "StudyID": "STUDY-77",
    "StudyDate": "20230517",
    "StudyTime": "101112",
    "StudyDescription": "Biopsy of Jane Doe",
    "ReferringPhysicianName": "Quincy^Medical",
    "InstitutionName": "Hospital of Nowhere",
    "DeviceSerialNumber": "SCANNER-31337",
    "OperatorsName": "Operator^Olga",
    "OtherPatientIDs": "OTHER-1",
    "PatientComments": "comment on Jane",
}
CONTAINER = "S23-12345-A1"
SPECIMEN = "S23-12345-A"

SECRETS = (*PATIENT.values(), CONTAINER, SPECIMEN, "Jane", "Quincy", "Olga")


def write_dicom_slide(
    folder: Path,
    rgb: NDArray[np.uint8],
    *,
    mpp: float = 0.5,
    downsamples: tuple[int, ...] = (1, 4),
    origin_mm: tuple[float, float] = (20.0, 40.0),
    orientation: tuple[float, ...] = (0.0, -1.0, 0.0, -1.0, 0.0, 0.0),
    frame_px: int = 256,
) -> Path:
    """Write a pyramid of VL Whole Slide Microscopy images, tiled and uncompressed, into a folder."""
    from pydicom.uid import generate_uid

    folder.mkdir(parents=True, exist_ok=True)
    uids = {name: generate_uid() for name in ("study", "series", "frame", "pyramid", "specimen")}
    height, width = rgb.shape[:2]
    for number, factor in enumerate(downsamples, start=1):
        size = width // factor, height // factor
        level = np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BOX))
        data = _image(level, mpp * factor, uids, origin_mm, orientation, frame_px)
        data.InstanceNumber = number
        is_first = factor == 1
        first, last = ("ORIGINAL", "NONE") if is_first else ("DERIVED", "RESAMPLED")
        data.ImageType = [first, "PRIMARY", "VOLUME", last]
        data.save_as(folder / f"JaneDoe_{number}.dcm", enforce_file_format=True)
    return folder


def _image(level, mpp, uids, origin_mm, orientation, frame_px):
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    height, width = level.shape[:2]
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.6"
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    for keyword, value in PATIENT.items():
        setattr(data, keyword, value)
    data.StudyInstanceUID, data.SeriesInstanceUID = uids["study"], uids["series"]
    data.FrameOfReferenceUID, data.PyramidUID = uids["frame"], uids["pyramid"]
    data.PositionReferenceIndicator = "SLIDE_CORNER"
    data.Modality, data.SeriesNumber = "SM", 1
    data.Manufacturer, data.ManufacturerModelName, data.SoftwareVersions = "Scans", "Model", "1"
    data.ContentDate = data.AcquisitionDate = PATIENT["StudyDate"]
    data.ContentTime, data.AcquisitionDateTime = "101112", "20230517101112"
    data.VolumetricProperties = "VOLUME"
    data.DimensionOrganizationType = "TILED_FULL"
    organisation = Dataset()
    organisation.DimensionOrganizationUID = generate_uid()
    data.DimensionOrganizationSequence = [organisation]
    columns, rows = -(-width // frame_px), -(-height // frame_px)
    padded = np.full((rows * frame_px, columns * frame_px, 3), 255, np.uint8)
    padded[:height, :width] = level
    frames = padded.reshape(rows, frame_px, columns, frame_px, 3).swapaxes(1, 2)
    data.NumberOfFrames = rows * columns
    data.Rows = data.Columns = frame_px
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PlanarConfiguration = 3, "RGB", 0
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.BurnedInAnnotation, data.LossyImageCompression = "NO", "00"
    data.SpecimenLabelInImage, data.FocusMethod, data.ExtendedDepthOfField = "NO", "AUTO", "NO"
    data.ImagedVolumeWidth, data.ImagedVolumeHeight = width * mpp / 1000, height * mpp / 1000
    data.ImagedVolumeDepth = 0.001
    data.TotalPixelMatrixColumns, data.TotalPixelMatrixRows = width, height
    data.TotalPixelMatrixFocalPlanes = data.NumberOfOpticalPaths = 1
    origin = Dataset()
    origin.XOffsetInSlideCoordinateSystem, origin.YOffsetInSlideCoordinateSystem = origin_mm
    data.TotalPixelMatrixOriginSequence = [origin]
    data.ImageOrientationSlide = list(orientation)
    measures = Dataset()
    measures.PixelSpacing, measures.SliceThickness = [mpp / 1000, mpp / 1000], 0.001
    shared = Dataset()
    shared.PixelMeasuresSequence = [measures]
    path = Dataset()
    path.OpticalPathIdentifier = "0"
    data.OpticalPathSequence = [path]
    data.SharedFunctionalGroupsSequence = [shared]
    data.ContainerIdentifier = CONTAINER
    data.IssuerOfTheContainerIdentifierSequence = []
    kind = Dataset()
    kind.CodeValue, kind.CodingSchemeDesignator, kind.CodeMeaning = "433466003", "SCT", "Microscope slide"
    data.ContainerTypeCodeSequence = [kind]
    specimen = Dataset()
    specimen.SpecimenIdentifier, specimen.SpecimenUID = SPECIMEN, uids["specimen"]
    specimen.IssuerOfTheSpecimenIdentifierSequence = []
    specimen.SpecimenPreparationSequence = []
    data.SpecimenDescriptionSequence = [specimen]
    data.PixelData = frames.tobytes()
    return data
