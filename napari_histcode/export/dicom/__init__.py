"""Maps and regions as DICOM objects in the frame of a DICOM slide."""
