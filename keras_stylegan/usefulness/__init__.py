"""`usefulness`: do a run's generated images help to learn what real ones are labelled with?"""
